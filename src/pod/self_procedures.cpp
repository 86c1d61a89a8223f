#include "pod/self_procedures.h"

#include "api/procedures.h"
#include "base/clock.h"

namespace synap::pod {

// Beside its struct, where describe() is looked for.
static const ObjectSchema<SettingInForce>& describe(Type<SettingInForce>) {
  static const auto schema =
      object<SettingInForce>("SettingInForce")
          .field("name", &SettingInForce::name, string(), "As in the file: http_threads.")
          .field("value", &SettingInForce::value, string(),
                 "As one would write it; empty: nothing. Of a secret only (set) or (not set).")
          .field("default", &SettingInForce::default_value, string())
          .field("from", &SettingInForce::from, one_of({"default", "file", "environment", "flag"}))
          .field("description", &SettingInForce::description, string());
  return schema;
}

static const ObjectSchema<Sample>& describe(Type<Sample>) {
  static const auto schema =
      object<Sample>("PodSample")
          .field("at", &Sample::at, integer(),
                 "When it was taken, in milliseconds since 1970. Rates and means are of the time "
                 "since the one before.")
          .field("eventsPerSecond", &Sample::events_per_second, number().min(0))
          .field("callsPerSecond", &Sample::calls_per_second, number().min(0))
          .field("commitSeconds", &Sample::commit_seconds, number().min(0),
                 "Of a commit, its sync included, in the mean. Absent: there was none.")
          .field("syncSeconds", &Sample::sync_seconds, number().min(0),
                 "Of the sync of a commit, in the mean.")
          .field("residentBytes", &Sample::resident_bytes, integer().min(0),
                 "The memory of the process.")
          .field("logOfChangesBytes", &Sample::log_of_changes_bytes, integer().min(0),
                 "The file of the log of changes.")
          .field("connections", &Sample::connections, integer().min(0))
          .field("queuedJobs", &Sample::queued_jobs, integer().min(0), "Jobs that nobody does yet.")
          .field("lagEvents", &Sample::lag_events, integer().min(0),
                 "Events that the read model which is furthest behind has not folded.");
  return schema;
}

namespace {

using api::Session;

struct ListSamples {
  std::int64_t seconds = 0;
};
const ObjectSchema<ListSamples>& describe(Type<ListSamples>) {
  constexpr std::int64_t kHour = Sampler::kEvery.count() * Sampler::kKept;
  static const auto schema = object<ListSamples>("ListSamples")
                                 .field_or("seconds", &ListSamples::seconds,
                                           integer().min(1).max(kHour), kHour, "How far back.");
  return schema;
}

struct SampleList {
  std::vector<Sample> samples;
  std::int64_t at = 0;
};
const ObjectSchema<SampleList>& describe(Type<SampleList>) {
  static const auto schema =
      object<SampleList>("SampleList")
          .field("samples", &SampleList::samples, array(schema_of<Sample>()),
                 "The oldest first. None in the first seconds after the start.")
          .field("at", &SampleList::at, integer(),
                 "The pod's time now, in milliseconds since 1970: what the times of the samples "
                 "are compared with.");
  return schema;
}

struct SettingList {
  std::vector<SettingInForce> settings;
};
const ObjectSchema<SettingList>& describe(Type<SettingList>) {
  static const auto schema =
      object<SettingList>("SettingList")
          .field("settings", &SettingList::settings, array(schema_of<SettingInForce>()));
  return schema;
}

struct ShownCheck {
  std::string name;
  std::string status;
  std::string message;
  std::optional<std::string> advice;
};
const ObjectSchema<ShownCheck>& describe(Type<ShownCheck>) {
  static const auto schema =
      object<ShownCheck>("Check")
          .field("name", &ShownCheck::name, string())
          .field("status", &ShownCheck::status, one_of({"ok", "warn", "fail"}))
          .field("message", &ShownCheck::message, string())
          .field("advice", &ShownCheck::advice, string(), "What to do.");
  return schema;
}

struct Examination {
  std::vector<ShownCheck> checks;
  std::string at;
};
const ObjectSchema<Examination>& describe(Type<Examination>) {
  static const auto schema =
      object<Examination>("Examination")
          .field("checks", &Examination::checks, array(schema_of<ShownCheck>()))
          .field("at", &Examination::at, string().datetime(), "When they were made.");
  return schema;
}

Task<Result<Examination>> examine(const PodSelf& self, Session session) {
  Examination found;
  for (auto& check : co_await self.examine(session.user_id())) {
    found.checks.push_back({std::move(check.name), std::string(check_status_name(check.status)),
                            std::move(check.message), std::nullopt});
    if (!check.advice.empty()) found.checks.back().advice = std::move(check.advice);
  }
  found.at = to_iso8601(self.unix_ms());
  co_return found;
}

Task<Result<SampleList>> samples_of(const PodSelf& self, ListSamples input) {
  // One that is not over counts as none.
  const auto count = static_cast<std::size_t>(input.seconds / Sampler::kEvery.count());
  co_return SampleList{self.samples(count), self.unix_ms()};
}

Task<Result<SettingList>> settings_of(const PodSelf& self) {
  co_return SettingList{self.settings()};
}

}  // namespace

void add_self_procedures(rpc::ProcedureTable& procedures, PodSelf self) {
  const auto kept = std::make_shared<const PodSelf>(std::move(self));
  api::add_query<void, SettingList>(
      procedures, "pod.settings",
      {.summary = "The settings in force, and where each came from. For owners.",
       .access = rpc::Access::kOwner},
      [kept](Session) { return settings_of(*kept); });
  api::add_query<void, Examination>(
      procedures, "pod.doctor",
      {.summary = "Quick checks of the running pod, with what to do. For owners.",
       .docs = "`synap doctor` looks deeper, at files and checksums, on the pod's machine.",
       .access = rpc::Access::kOwner},
      [kept](Session session) { return examine(*kept, std::move(session)); });
  api::add_query<ListSamples, SampleList>(
      procedures, "pod.samples",
      {.summary = "The last hour of the pod's curves: a sample every 10 seconds. For owners.",
       .docs = "Kept in memory since the pod was started. `/metrics` has more, to be kept "
               "elsewhere.",
       .access = rpc::Access::kOwner},
      [kept](Session, ListSamples input) { return samples_of(*kept, input); });
}

}  // namespace synap::pod
