// What an acceptance asks for: the call is made as the accepting key, once. Its idempotency key
// follows from the acceptance, so a run that is killed behind the call and made again gets the
// first answer.
#include <fmt/format.h>

#include "agents/tools.h"
#include "features/proposals/proposal.h"
#include "rpc/origin.h"
#include "workers/step.h"

namespace synap::features::proposals {
namespace {

using events::Event;
using workers::Outcome;
using workers::Step;

constexpr std::string_view kFunction = "proposals.accept";

// What is to be called.
struct Asked {
  std::string procedure;
  Json input;
  std::string entity_type;
  std::optional<std::int64_t> base_version;
};

bool takes(const rpc::Procedure& procedure, std::string_view field) {
  for (const auto& one : procedure.input.node().fields) {
    if (one.name == field) return true;
  }
  return false;
}

// The thing is another one than the proposal is about: it says so in the proposal's own words.
Error refusal_of(const Asked& asked, Error error) {
  const Json* now = error.details ? error.details->find("actualVersion") : nullptr;
  if (error.code != Code::kConflict || now == nullptr || !asked.base_version) return error;
  return {
      Code::kConflict,
      fmt::format("The {} has changed meanwhile: it is at version {}, and this was proposed for "
                  "version {}",
                  asked.entity_type, now->as_integer(), *asked.base_version),
      nullptr};
}

class Acceptance final : public workers::EventHandler {
 public:
  explicit Acceptance(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kAcceptanceRequested.name; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto said = data_of(event, kAcceptanceRequested);
    if (!said) co_return Outcome::failed_for_good(said.error());
    auto asked = co_await asked_of(event, **said);
    if (!asked) co_return Outcome::failed(asked.error());
    auto answer =
        co_await step.run<Json>("call", [&] { return call(event, **said, std::move(*asked)); });
    auto ended = answer ? completed(event, step, *answer) : failed(event, step, answer.error());
    if (!ended) co_return Outcome::failed_for_good(ended.error());
    co_return co_await step.finish(
        "publish-end", [&](db::Tx& tx) { rooms_.log.append(tx, {.events = {*ended}}); });
  }

 private:
  Task<Result<Asked>> asked_of(const Event& event, const AcceptanceRequested& said) {
    auto read = co_await rooms_.database.read_as(event.user_id, [&](db::Tx& tx) {
      auto rows = tx.query(
          "SELECT procedure, input, entity_type, base_version FROM proposals WHERE id = $1",
          event.aggregate_id);
      Asked asked;
      if (!rows.next()) {
        tx.abort(no_such());
        return asked;
      }
      asked = {.procedure = rows.text(0), .entity_type = rows.text(2)};
      asked.input = parse_json(rows.view(1)).value_or(Json::object());
      if (!rows.is_null(3)) asked.base_version = rows.integer(3);
      return asked;
    });
    if (read && said.input) read->input = *said.input;
    co_return read;
  }

  Task<Result<Json>> call(const Event& event, const AcceptanceRequested& said, Asked asked) {
    auto scopes = api::Scopes::parse(said.scopes);
    if (!scopes) co_return fail(scopes.error());
    const auto* procedure = rooms_.procedures.find(asked.procedure);
    if (procedure == nullptr || !procedure->meta.may_be_proposed) {
      co_return fail(Code::kNotFound,
                     fmt::format("There is no procedure {} any more", asked.procedure));
    }
    if (asked.base_version && takes(*procedure, "expectedVersion")) {
      asked.input.set("expectedVersion", *asked.base_version);
    }
    const auto actor = api::Actor::of_key(event.user_id, api::Role::kMember,
                                          event.actor ? event.actor->id : "", std::move(*scopes));
    const agents::AgentAuthority authority(rooms_.keys, actor);
    const agents::Tools calls(rooms_.procedures, {asked.procedure}, actor, authority, event.id,
                              agents::Guard::kOff);
    auto answer = co_await calls.call(
        asked.procedure, asked.input,
        fmt::format("{}{}", rpc::kReservedIdempotencyKeys, event.id.to_string()),
        agents::kNothingRead);
    if (!answer) co_return fail(refusal_of(asked, answer.error()));
    co_return answer;
  }

  Result<events::NewEvent> completed(const Event& event, const Step& step,
                                     const Json& answer) const {
    AcceptanceCompleted data{.result = answer};
    const auto text_of = [&](std::string_view name) -> std::optional<std::string> {
      const Json* value = answer.find(name);
      if (value == nullptr || !value->is_string()) return std::nullopt;
      return value->as_string();
    };
    data.entity_id = text_of("entityId");
    data.request_id = text_of("requestId");
    return rooms_.types.make(kAcceptanceCompleted, std::move(data),
                             caused_by(event, step.run_id()));
  }

  Result<events::NewEvent> failed(const Event& event, const Step& step, const Error& error) const {
    return rooms_.types.make(kAcceptanceFailed,
                             events::Failure{.function = std::string(kFunction),
                                             .run_id = step.run_id().to_string(),
                                             .attempts = 1,
                                             .name = std::string(info(error.code).name),
                                             .message = error.message},
                             caused_by(event, step.run_id()));
  }

  const Rooms& rooms_;
};

}  // namespace

void add_carrying_out(const Rooms& rooms) {
  rooms.workers.add(std::string(kFunction), std::make_unique<Acceptance>(rooms),
                    {.fulfills = true, .appends = {std::string(kAcceptanceCompleted.name)}});
}

}  // namespace synap::features::proposals
