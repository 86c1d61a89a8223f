#include "features/upkeep/upkeep.h"

#include "features/procedures.h"

namespace synap::features::upkeep {
namespace {

using api::Session;
using projections::Projection;

struct VerifyLog {
  std::int64_t after = 0;
  std::int64_t limit = 20'000;
};
const ObjectSchema<VerifyLog>& describe(Type<VerifyLog>) {
  static const auto schema =
      object<VerifyLog>("VerifyLog")
          .field_or("after", &VerifyLog::after, integer().min(0), 0,
                    "Go on behind this position: the nextAfter of the part before.")
          .field_or("limit", &VerifyLog::limit, integer().min(1).max(20'000), 20'000);
  return schema;
}

struct BrokenLink {
  std::int64_t position = 0;
  std::string what;
};
const ObjectSchema<BrokenLink>& describe(Type<BrokenLink>) {
  static const auto schema =
      object<BrokenLink>("BrokenLink")
          .field("position", &BrokenLink::position, integer())
          .field("what", &BrokenLink::what, string(), "What is wrong there.");
  return schema;
}

struct LogVerification {
  std::int64_t events = 0;
  bool ok = true;
  std::optional<std::int64_t> next_after;
  std::optional<BrokenLink> broken;
};
const ObjectSchema<LogVerification>& describe(Type<LogVerification>) {
  static const auto schema =
      object<LogVerification>("LogVerification")
          .field("events", &LogVerification::events, integer(), "That were looked at.")
          .field("ok", &LogVerification::ok, boolean(), "They continue the chain.")
          .field("nextAfter", &LogVerification::next_after, integer(), "Absent at the end.")
          .field("broken", &LogVerification::broken, schema_of<BrokenLink>(),
                 "The first event that does not.");
  return schema;
}

Task<Result<LogVerification>> verify_log(const Rooms& rooms, Session session, VerifyLog input) {
  auto found = co_await rooms.log.verify(input.after, static_cast<int>(input.limit));
  if (!found) co_return fail(found.error());
  LogVerification answer{found->events, !found->first_broken, std::nullopt, std::nullopt};
  if (found->first_broken) {
    answer.broken = BrokenLink{found->first_broken->position, found->first_broken->what};
  } else if (!found->is_at_end) {
    answer.next_after = found->next_after;
  }
  co_return answer;
}

struct ProjectionStatus {
  std::string name;
  std::string kind;
  std::string status;
  std::string version;
  std::int64_t position = 0;
  std::int64_t lag = 0;
  std::optional<std::string> error;
  std::optional<std::int64_t> filled_to;
  std::optional<std::int64_t> seconds_left;
};
const ObjectSchema<ProjectionStatus>& describe(Type<ProjectionStatus>) {
  static const auto schema =
      object<ProjectionStatus>("ProjectionStatus")
          .field("name", &ProjectionStatus::name)
          .field("kind", &ProjectionStatus::kind, one_of({"inline", "follower"}))
          .field("status", &ProjectionStatus::status,
                 one_of({"live", "rebuilding", "verifying", "stopped"}),
                 "rebuilding: the tables before serve meanwhile.")
          .field("version", &ProjectionStatus::version, string(), "Of its description.")
          .field("position", &ProjectionStatus::position, integer(),
                 "The events up to here are in it.")
          .field("lag", &ProjectionStatus::lag, integer(), "Events that are not.")
          .field("error", &ProjectionStatus::error, string(), "Why it was stopped.")
          .field("filledTo", &ProjectionStatus::filled_to, integer(),
                 "How far a second set of its tables is filled.")
          .field("secondsLeft", &ProjectionStatus::seconds_left, integer(),
                 "Until that is at the end, at the present pace.");
  return schema;
}

struct ProjectionList {
  std::vector<ProjectionStatus> projections;
  std::int64_t end = 0;
};
const ObjectSchema<ProjectionList>& describe(Type<ProjectionList>) {
  static const auto schema =
      object<ProjectionList>("ProjectionList")
          .field("projections", &ProjectionList::projections, array(schema_of<ProjectionStatus>()))
          .field("end", &ProjectionList::end, integer(), "The last position of the log.");
  return schema;
}

std::string status_of(const projections::Status& status) {
  if (!status.error.empty()) return "stopped";
  if (!status.is_current) return "rebuilding";
  return status.second_position ? "verifying" : "live";
}

ProjectionStatus shown(projections::Status status) {
  ProjectionStatus shown{
      .name = status.name,
      .kind = status.kind == Projection::Kind::kInline ? "inline" : "follower",
      .status = status_of(status),
      .version = status.version,
      .position = status.position,
      .lag = status.lag(),
      .filled_to = status.second_position,
      .seconds_left = status.seconds_left,
  };
  if (!status.error.empty()) shown.error = std::move(status.error);
  return shown;
}

Task<Result<ProjectionList>> list_projections(const Rooms& rooms, Session session) {
  auto all = co_await rooms.projections.list();
  if (!all) co_return fail(all.error());
  ProjectionList list{.end = rooms.log.end().value()};
  for (auto& status : *all) list.projections.push_back(shown(std::move(status)));
  co_return list;
}

struct ProjectionName {
  std::string name;
};
const ObjectSchema<ProjectionName>& describe(Type<ProjectionName>) {
  static const auto schema = object<ProjectionName>("ProjectionName")
                                 .field("name", &ProjectionName::name, string().min(1).max(100));
  return schema;
}

struct Rebuilding {
  std::string status = "rebuilding";
  std::string name;
};
const ObjectSchema<Rebuilding>& describe(Type<Rebuilding>) {
  static const auto schema = object<Rebuilding>("Rebuilding")
                                 .field("status", &Rebuilding::status, one_of({"rebuilding"}),
                                        "It has begun; projections.list tells how far it is.")
                                 .field("name", &Rebuilding::name);
  return schema;
}

Task<Result<Rebuilding>> rebuild(const Rooms& rooms, Session session, ProjectionName input) {
  auto begun = co_await rooms.projections.rebuild(input.name);
  if (!begun) co_return fail(begun.error());
  co_return Rebuilding{.name = input.name};
}

struct ProjectionComparison {
  std::string name;
  bool ok = false;
  std::int64_t rows = 0;
  std::string live_digest;
  std::string rebuilt_digest;
  std::optional<std::string> first_difference;
};
const ObjectSchema<ProjectionComparison>& describe(Type<ProjectionComparison>) {
  static const auto schema =
      object<ProjectionComparison>("ProjectionComparison")
          .field("name", &ProjectionComparison::name)
          .field("ok", &ProjectionComparison::ok, boolean(),
                 "The live tables are what follows from the log.")
          .field("rows", &ProjectionComparison::rows, integer(), "That were compared.")
          .field("liveDigest", &ProjectionComparison::live_digest, string(), "SHA-256.")
          .field("rebuiltDigest", &ProjectionComparison::rebuilt_digest, string(), "SHA-256.")
          .field("firstDifference", &ProjectionComparison::first_difference, string());
  return schema;
}

Task<Result<ProjectionComparison>> verify(const Rooms& rooms, Session session,
                                          ProjectionName input) {
  auto found = co_await rooms.projections.verify(input.name);
  if (!found) co_return fail(found.error());
  ProjectionComparison answer{.name = input.name,
                              .ok = found->is_equal(),
                              .rows = found->rows,
                              .live_digest = found->live_digest,
                              .rebuilt_digest = found->built_digest};
  if (!found->first_difference.empty()) answer.first_difference = found->first_difference;
  co_return answer;
}

}  // namespace

void add(const Rooms& rooms) {
  using rpc::Access;
  const rpc::ErrorMeta no_such{Code::kNotFound, "There is no such read model."};
  add_query(rooms, "log.verify",
            {.summary = "Recompute the hash chain of the log, part by part. For owners.",
             .access = Access::kOwner},
            verify_log);
  add_query(
      rooms, "projections.list",
      {.summary = "The read models and how they stand. For owners.", .access = Access::kOwner},
      list_projections);
  add_mutation(
      rooms, "projections.rebuild",
      {.summary = "Make a read model again from the log, beside the present one. For owners.",
       .effects = rpc::Effects::kIdempotent,
       .access = Access::kOwner,
       .errors = {no_such, {Code::kConflict, "It is being made already."}}},
      rebuild);
  add_mutation(rooms, "projections.verify",
               {.summary = "Compare a read model with what follows from the log. For owners.",
                .effects = rpc::Effects::kIdempotent,
                .access = Access::kOwner,
                .errors = {no_such, {Code::kConflict, "It is being made already."}}},
               verify);
}

}  // namespace synap::features::upkeep
