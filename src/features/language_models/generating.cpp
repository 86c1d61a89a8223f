// models.generate and models.stream: one answer of a model, whole or as it comes.
#include "base/clock.h"
#include "events/trace.h"
#include "features/agents/running.h"
#include "features/command.h"
#include "features/language_models/language_models.h"
#include "features/procedures.h"

namespace synap::features::language_models {
namespace {

using api::Session;

struct StreamAsk : models::Ask {
  std::optional<std::string> last_event_id;
};
const ObjectSchema<StreamAsk>& describe(Type<StreamAsk>) {
  static const auto schema = [] {
    auto ask = object<StreamAsk>("ModelStreamAsk");
    ask.extend(describe(Type<models::Ask>{}));
    ask.field("lastEventId", &StreamAsk::last_event_id, string().nullish(),
              "Refused: an answer that broke off is not gone on with. Ask again.");
    return ask;
  }();
  return schema;
}

struct Started {
  std::string at;
};
const ObjectSchema<Started>& describe(Type<Started>) {
  static const auto schema =
      object<Started>().tag("type", "started").field("at", &Started::at, string().datetime());
  return schema;
}

struct TextPiece {
  std::string text;
};
const ObjectSchema<TextPiece>& describe(Type<TextPiece>) {
  static const auto schema =
      object<TextPiece>()
          .tag("type", "text")
          .field("text", &TextPiece::text, string(), "Behind what was before.");
  return schema;
}

struct ToolPiece {
  std::int64_t index = 0;
  std::optional<std::string> id;
  std::optional<std::string> name;
  std::string arguments;
};
const ObjectSchema<ToolPiece>& describe(Type<ToolPiece>) {
  static const auto schema =
      object<ToolPiece>()
          .tag("type", "tool")
          .field("index", &ToolPiece::index, integer(), "Which of the answer's toolCalls.")
          .field("id", &ToolPiece::id, string(), "With its first piece.")
          .field("name", &ToolPiece::name, string(), "With its first piece.")
          .field("arguments", &ToolPiece::arguments, string(), "Behind what was before.");
  return schema;
}

struct Done {
  models::Answer answer;
};
const ObjectSchema<Done>& describe(Type<Done>) {
  static const auto schema =
      object<Done>().tag("type", "done").field("answer", &Done::answer, "All of it.");
  return schema;
}

using Piece = std::variant<Started, TextPiece, ToolPiece, Done>;
const PlainSchema& describe(Type<Piece>) {
  static const auto schema = discriminated_union(
      "type",
      {schema_of<Started>(), schema_of<TextPiece>(), schema_of<ToolPiece>(), schema_of<Done>()});
  return schema;
}

Piece piece_of(models::Delta delta) {
  if (auto* text = std::get_if<models::TextDelta>(&delta)) return TextPiece{std::move(text->text)};
  auto& tool = std::get<models::ToolDelta>(delta);
  ToolPiece piece{.index = tool.index, .arguments = std::move(tool.arguments)};
  if (!tool.id.empty()) piece.id = std::move(tool.id);
  if (!tool.name.empty()) piece.name = std::move(tool.name);
  return piece;
}

// With the chain of what the call follows from: who was begun by an agent takes of what it may.
// `session` must outlive it.
Task<Result<models::Caller>> caller_in_chain(const Rooms& rooms, const Session& session) {
  auto place = co_await agent_runs::place_of(rooms, session);
  if (!place) co_return fail(place.error());
  auto caller = caller_of(session);
  caller.chain = place->first;
  co_return caller;
}

Task<Result<models::Answer>> generate(const Rooms& rooms, Session session, models::Ask ask) {
  auto caller = co_await caller_in_chain(rooms, session);
  if (!caller) co_return fail(caller.error());
  co_return co_await rooms.models.generate(*std::move(caller), std::move(ask), session.stop);
}

rpc::Item item_of(std::int64_t number, const Piece& piece) {
  return {std::to_string(number), json_text(piece)};
}

rpc::Items stream(const Rooms& rooms, Session session, StreamAsk input) {
  // Clients that resume by themselves would have a second answer behind the half of the first, and
  // pay for both.
  if (input.last_event_id) {
    co_return fail(
        Code::kConflict,
        "lastEventId: a model's answer that broke off cannot be gone on with; ask again");
  }
  std::int64_t number = 0;
  co_yield item_of(++number, Started{to_iso8601(rooms.models.world().unix_ms())});
  auto caller = co_await caller_in_chain(rooms, session);
  if (!caller) co_return fail(caller.error());
  auto pieces = rooms.models.stream(*std::move(caller), std::move(static_cast<models::Ask&>(input)),
                                    session.stop);
  while (auto delta = co_await pieces.next()) {
    co_yield item_of(++number, piece_of(std::move(*delta)));
  }
  auto& answer = pieces.end();
  if (!answer) co_return fail(answer.error());
  co_yield item_of(++number, Done{std::move(*answer)});
  co_return rpc::Text{};
}

std::vector<rpc::ErrorMeta> errors() {
  return {{Code::kPreconditionFailed,
           "No model is set, or its provider refuses the pod's key. error.data.details.reason says "
           "which: MODEL_NONE, MODEL_KEY_REFUSED."},
          {Code::kPaymentRequired, "The budget of today does not have it: MODEL_BUDGET."},
          {Code::kTooManyRequests,
           "The provider wants fewer calls, or too many are under way; with AGENT_LIMIT, of those "
           "runs of agents from which the call says that it follows."},
          {Code::kUnprocessableContent,
           "The provider takes no such request; with its words. Or the runs of agents from which "
           "the call says that it follows have taken what they may together: AGENT_LIMIT."},
          {Code::kPayloadTooLarge, "The model takes less at a time, or its answer was too large."},
          {Code::kBadGateway,
           "The provider failed, broke off within its answer (MODEL_STREAM_CUT), or the answer "
           "does not fit outputSchema (MODEL_OUTPUT_UNFIT)."},
          {Code::kServiceUnavailable, "No provider can be reached, or all are busy."},
          {Code::kGatewayTimeout, "A provider did not answer in time."}};
}

}  // namespace

models::Caller caller_of(const Session& session) {
  models::Caller caller;
  auto& envelope = caller.envelope;
  envelope.user_id = session.user_id();
  envelope.source = session.actor->source;
  envelope.actor = session.actor->recorded;
  set_cause(envelope, session);
  events::set_trace(envelope, session.trace);
  if (auto key = session.authority->key_behind(session.actor); !key.empty()) {
    caller.key = std::move(key);
  }
  return caller;
}

void add_generating(const Rooms& rooms) {
  const std::vector<std::string> appends = {std::string(models::kModelCalled.name)};
  add_mutation(
      rooms, "models.generate",
      {.summary = "Ask a language model, and be answered when all of it is there.",
       .docs =
           "Which model that is, the pod's owner has set: see models.list. What is asked leaves "
           "the pod for its provider. Each call is an event model.called, without what was "
           "asked and answered.",
       .effects = rpc::Effects::kAppends,
       .errors = errors(),
       .examples = {{R"({"messages":[{"role":"user","text":"Why is the sky blue?"}]})", ""}},
       .appends = appends},
      generate);
  api::add_subscription<StreamAsk, Piece>(
      rooms.procedures, "models.stream",
      {.summary = "Ask a language model, and be told its answer as it comes.",
       .docs = "Items are of type started (at once), text (a piece of the answer's text), tool (a "
               "piece "
               "of a tool call's arguments, of the call index; with its first one id and name), "
               "and at last done, with the whole answer as models.generate gives it. Whoever goes "
               "before that ends the call, and is charged for what had come. It cannot be resumed.",
       .effects = rpc::Effects::kAppends,
       .errors = errors(),
       .appends = appends},
      [&rooms](Session session, StreamAsk input) {
        return stream(rooms, std::move(session), std::move(input));
      });
}

}  // namespace synap::features::language_models
