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

namespace {

using api::Session;

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
}

}  // namespace synap::pod
