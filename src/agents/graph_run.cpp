#include "agents/graph_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agents/agent_events.h"
#include "agents/conversation.h"
#include "agents/data_marks.h"
#include "events/trace.h"
#include "models/in_step.h"
#include "models/secrets.h"

namespace synap::agents {

Error beyond_limit(std::string message) {
  return {Code::kUnprocessableContent, std::move(message),
          std::make_shared<Json>(Json::object({{"reason", "AGENT_LIMIT"}}))};
}

const ObjectSchema<Spent>& describe(Type<Spent>) {
  static const auto schema =
      object<Spent>("AgentSpent")
          .field("modelCalls", &Spent::model_calls, integer().min(0))
          .field("toolCalls", &Spent::tool_calls, integer().min(0))
          .field("tokens", &Spent::tokens, integer().min(0), "Read and written by models.")
          .field("cost", &Spent::cost, number(), "In the currency of the settings.");
  return schema;
}

const ObjectSchema<Checkpoint>& describe(Type<Checkpoint>) {
  static const auto schema =
      object<Checkpoint>("AgentCheckpoint")
          .field("number", &Checkpoint::number, integer().min(0), "Which round begins here.")
          .field("next", &Checkpoint::next, array(string()),
                 "The nodes whose turn it is. Empty: the graph has ended.")
          .field("state", &Checkpoint::state, any())
          .field("spent", &Checkpoint::spent, schema_of<Spent>(), "Up to here.")
          .field("reading", &Checkpoint::reading, schema_of<Reading>(),
                 "What the run had read up to here.");
  return schema;
}

namespace {

// Takes the next word of digits, with what stands behind it.
std::optional<std::int64_t> take_number(std::string_view& text, std::string_view behind) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto size = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || !text.substr(size).starts_with(behind)) return std::nullopt;
  text.remove_prefix(size + behind.size());
  return number;
}

// Takes the graphs around it off the name of a step of one: "1 write: 0 check: ask".
GraphPath take_path(std::string_view& name) {
  constexpr std::string_view kEndOfNode = ": ";
  GraphPath path;
  for (auto rest = name;; name = rest) {
    const auto number = take_number(rest, " ");
    const auto end = rest.find(kEndOfNode);
    if (!number || end == std::string_view::npos) return path;
    path.push_back(fmt::format("{}:{}", rest.substr(0, end), *number));
    rest.remove_prefix(end + kEndOfNode.size());
  }
}

}  // namespace

std::optional<CheckpointName> CheckpointName::parse(std::string_view step) {
  CheckpointName name{.path = take_path(step)};
  if (!step.starts_with(kCheckpoint)) return std::nullopt;
  step.remove_prefix(kCheckpoint.size());
  const auto number = take_number(step, "");
  if (!number || !step.empty()) return std::nullopt;
  name.number = *number;
  return name;
}

std::int64_t CheckpointName::round_of(std::string_view part) {
  auto digits = part.substr(part.find(':') + 1);
  return take_number(digits, "").value_or(-1);
}

std::vector<CheckpointName> CheckpointName::way_to() const {
  std::vector<CheckpointName> way;
  for (auto at = path.begin(); at != path.end(); ++at) {
    way.push_back({GraphPath(path.begin(), at), round_of(*at)});
  }
  way.push_back(*this);
  return way;
}

GraphPath GraphRun::path_of(std::string_view prefix) {
  return take_path(prefix);
}

std::string signal_of(const Uuid& run, std::string_view question_id) {
  return fmt::format("agent:{}:{}", run.to_string(), question_id);
}

events::Envelope envelope_of(const events::Event& asked, events::Actor agent,
                             const Uuid& engine_run, bool is_tainted) {
  events::Envelope envelope;
  envelope.user_id = asked.user_id;
  envelope.source = events::Source::kAgent;
  envelope.actor = std::move(agent);
  envelope.correlation_id = asked.correlation_id;
  envelope.causation_id = asked.id;
  envelope.request_id = asked.request_id;
  events::set_trace_of_run(envelope, asked, engine_run);
  set_taint(envelope, is_tainted);
  return envelope;
}

// Of what was wrong with an answer, as its model is told.
constexpr std::size_t kRepairBytes = 1'000;

RunContext& Node::context() const {
  return run_.context();
}

std::string Node::step_id(std::string_view what) const {
  return fmt::format("{}: {}", prefix_, what);
}

Task<Result<models::Answer>> Node::ask(std::string_view what, models::Ask ask) {
  if (!ask.output_schema) co_return co_await ask_once(what, std::move(ask));
  auto again = ask;
  auto answer = co_await ask_once(what, std::move(ask));
  if (answer || !models::is_unfit(answer.error())) co_return answer;
  // It may have words of the answer, and these may be those of what was read.
  const auto why = as_data("error", what, shortened(answer.error().message, kRepairBytes));
  again.messages.push_back(
      message("user", fmt::format("Your last answer was not used. {}\nAnswer once more, with JSON "
                                  "that fits the schema and with nothing else.",
                                  why)));
  co_return co_await ask_once(fmt::format("{} again", what), std::move(again));
}

Task<Result<models::Answer>> Node::ask_once(std::string_view what, models::Ask ask) {
  auto& context = run_.context();
  if (auto taken = run_.take({.model_calls = 1}); !taken) co_return fail(taken.error());
  // Before anything is cut: the half of a key is not known for one.
  const auto secrets = models::mask_secrets(ask);
  fit(ask, question_tokens_max(context.models.options(), context.limits.tokens_of_ask));
  bool has_begun = false;
  MarkStripper stripper;
  const auto say = [this, &context](const std::string& text) {
    if (!text.empty()) context.feed->add_text(name_, text, run_.path());
  };
  const auto hear = [this, &context, &has_begun, &stripper, &say](const models::Delta& delta) {
    if (!std::exchange(has_begun, true)) {
      context.feed->add({.kind = FeedEntry::Kind::kAnswer, .node = name_, .path = run_.path()});
    }
    if (const auto* text = std::get_if<models::TextDelta>(&delta)) {
      say(stripper.add(text->text));
    }
  };
  auto answer = co_await models::generate_in_step(
      context.step, step_id(what), context.models, context.event, std::move(ask), hear,
      {context.chain, context.key, secrets}, context.feed->asking());
  if (!answer) co_return fail(answer.error());
  say(stripper.finish());
  strip_marks(*answer);
  const Spent took{.tokens = answer->usage.input + answer->usage.output, .cost = answer->cost};
  if (auto taken = run_.take(took); !taken) co_return fail(taken.error());
  co_return answer;
}

std::string Node::heard() const {
  Feed::Place from;
  return answer_in(run_.context().feed->read(from), name_, run_.path());
}

Task<Result<ToolDone>> Node::call(std::string_view what, models::ToolCall call) {
  auto& context = run_.context();
  if (auto taken = run_.take({.tool_calls = 1}); !taken) co_return fail(taken.error());
  call = context.tools.unwrapped(std::move(call));
  const auto id = step_id(what);
  const auto key = Uuid::derived(0, fmt::format("{}\n{}", context.run.to_string(), id)).to_string();
  const ToolDone asked{.id = call.id, .name = call.name};
  auto done = co_await context.step.run<ToolDone>(id, [&]() -> Task<Result<ToolDone>> {
    context.feed->add({.kind = FeedEntry::Kind::kTool,
                       .node = name_,
                       .name = call.name,
                       .text = shortened(call.arguments, Tools::kTextMax),
                       .path = run_.path()});
    auto done = co_await context.tools.call(call, key, reading_);
    if (done) {
      context.feed->add({.kind = FeedEntry::Kind::kResult,
                         .node = name_,
                         .name = done->name,
                         .text = done->text,
                         .is_ok = done->is_ok,
                         .path = run_.path()});
    }
    co_return done;
  });
  if (done) {
    if (done->is_ok && context.tools.reads(done->name)) reading_.add_answer(done->text);
    if (done->may_quote) reading_.is_tainted = true;
    co_return done;
  }
  // It was tried as often as there are tries: the model is told, as of any failure.
  ToolDone failed = asked;
  failed.text = fmt::format("Nothing was done: {}", done.error().message);
  co_return failed;
}

Task<Result<Json>> Node::use(std::string_view what, std::string_view path, Json input) {
  auto& context = run_.context();
  if (auto taken = run_.take({.tool_calls = 1}); !taken) co_return fail(taken.error());
  const auto id = step_id(what);
  const auto key = Uuid::derived(0, fmt::format("{}\n{}", context.run.to_string(), id)).to_string();
  auto answer = co_await context.step.run<Json>(
      id, [&] { return context.tools.call(path, input, key, reading_); });
  if (answer && context.tools.reads(path)) reading_.add_answer(answer->dump());
  co_return answer;
}

Task<Result<std::vector<ToolDone>>> Node::call_all(const std::vector<models::ToolCall>& calls) {
  std::vector<ToolDone> all;
  const auto most = static_cast<std::size_t>(run_.context().limits.tool_calls_of_answer);
  for (std::size_t i = 0; i < std::min(calls.size(), most); ++i) {
    auto done = co_await call(fmt::format("tool {} {}", i, calls[i].name.substr(0, 64)), calls[i]);
    if (!done) co_return fail(done.error());
    all.push_back(std::move(*done));
  }
  co_return all;
}

Task<Result<Json>> Node::interrupt(std::string_view what, Json question,
                                   std::chrono::milliseconds timeout) {
  auto& context = run_.context();
  const auto id = step_id(what);
  // Whoever hears of the question may answer at once: so the step that waits is told by its id.
  auto told = co_await append(fmt::format("{} (question)", what), kRunInterrupted.name,
                              Json::object({{"entityId", context.run.to_string()},
                                            {"question", std::move(question)},
                                            {"questionId", id}}),
                              context.run, std::string(kRunAggregate));
  if (!told) co_return fail(told.error());
  auto answer =
      co_await context.step.wait_for_signal(id, {.signal = signal_of(context.run, id)}, timeout);
  if (!answer) co_return fail(answer.error());
  if (!*answer) co_return fail(Code::kTimeout, "Nobody has answered the agent's question in time");
  const Json* data = (*answer)->find("data");
  co_return data != nullptr ? *data : Json(nullptr);
}

Task<Result<std::string>> Node::append(std::string_view what, std::string_view type, Json data,
                                       std::optional<Uuid> aggregate, std::string aggregate_type) {
  auto& context = run_.context();
  auto envelope = envelope_of(context.event, context.tools.actor()->recorded, context.step.run_id(),
                              reading_.is_tainted);
  envelope.aggregate_id = aggregate;
  envelope.aggregate_type = std::move(aggregate_type);
  auto event = context.types.make(type, data.dump(), std::move(envelope));
  if (!event) co_return fail(event.error());
  co_return co_await context.step.commit(
      step_id(what), [&log = context.log, event = *std::move(event)](db::Tx& tx) {
        const auto appended = log.append(tx, {.events = {event}});
        return appended.events.empty() ? std::string() : appended.events.front()->id.to_string();
      });
}

void GraphRun::count(const Spent& more) {
  for (auto* one = this; one != nullptr; one = one->outer_) {
    one->spent_.model_calls += more.model_calls;
    one->spent_.tool_calls += more.tool_calls;
    one->spent_.tokens += more.tokens;
    one->spent_.cost += more.cost;
  }
}

Result<> GraphRun::take(const Spent& more) {
  count(more);
  const auto* whole = this;
  while (whole->outer_ != nullptr) whole = whole->outer_;
  const auto& limits = context_.limits;
  const auto& spent = whole->spent_;
  if (more.model_calls > 0 && spent.model_calls > limits.model_calls) {
    return fail(
        beyond_limit(fmt::format("The agent has asked models {} times, which is as often as it may "
                                 "in one run",
                                 limits.model_calls)));
  }
  if (more.model_calls > 0 && spent.cost >= limits.cost) {
    return fail(beyond_limit(fmt::format(
        "The agent has spent {:.4f}, and may spend {:.4f} in one run", spent.cost, limits.cost)));
  }
  if (more.tool_calls > 0 && spent.tool_calls > limits.tool_calls) {
    return fail(
        beyond_limit(fmt::format("The agent has called tools {} times, which is as often as it may "
                                 "in one run",
                                 limits.tool_calls)));
  }
  return {};
}

std::optional<Checkpoint> GraphRun::last_kept() const {
  std::optional<Checkpoint> last;
  // They begin anywhere in a run that is a fork of another, and have no gaps.
  for (std::int64_t number = 0; number <= context_.limits.rounds; ++number) {
    auto kept =
        context_.step.recall<Checkpoint>(fmt::format("{}{}{}", prefix_, kCheckpoint, number));
    if (kept) {
      last = std::move(kept);
    } else if (last) {
      break;
    }
  }
  return last;
}

void GraphRun::tell(const Checkpoint& at) const {
  Json told = Json::object({{"number", at.number}, {"state", at.state}});
  Json next = Json::array();
  for (const auto& one : at.next) next.push_back(one);
  told.set("next", std::move(next));
  context_.feed->add({.kind = FeedEntry::Kind::kState,
                      .number = at.number,
                      .state = std::move(told),
                      .path = path_});
}

Task<Result<GraphRun::Turn>> GraphRun::call(const std::string& name, const Checkpoint& at) {
  if (name == kStart) co_return Turn{Json::object(), {}};
  const auto* work = graph_.find(name);
  if (work == nullptr) {
    co_return fail(Code::kConflict,
                   fmt::format("The graph {} has no node {} any more", graph_.name(), name));
  }
  Node node(*this, name, fmt::format("{}{} {}", prefix_, at.number, name), reading_);
  auto update = co_await (*work)(node, at.state);
  if (!update) co_return fail(update.error());
  co_return Turn{*std::move(update), std::move(node.reading())};
}

Task<Result<Json>> GraphRun::round(const Checkpoint& at) {
  std::vector<Task<Result<Turn>>> turns;
  turns.reserve(at.next.size());
  for (const auto& name : at.next) turns.push_back(call(name, at));
  auto done = co_await when_all(std::move(turns));
  Json state = at.state;
  for (auto& turn : done) {
    if (!turn) co_return fail(turn.error());
    auto joined = graph_.joined(std::move(state), turn->update);
    if (!joined) co_return fail(joined.error());
    state = std::move(*joined);
    reading_.add(turn->reading);
  }
  co_return state;
}

// By a task of its own, since what a step gives is another copy of the state, which would last as
// long as the round behind it.
Task<Result<>> GraphRun::keep(const Checkpoint& at) const {
  auto kept =
      co_await context_.step.run<Checkpoint>(fmt::format("{}{}{}", prefix_, kCheckpoint, at.number),
                                             [&at]() -> Task<Result<Checkpoint>> { co_return at; });
  if (!kept) co_return fail(kept.error());
  co_return Result<>{};
}

Checkpoint GraphRun::begin_at(Checkpoint begin) const {
  const auto given = context_.begins.find(path_);
  if (given == context_.begins.end()) return begin;
  auto at = given->second;
  if (at.reading && begin.reading) at.reading->add(*begin.reading);
  return at;
}

Task<Result<Checkpoint>> GraphRun::run(Checkpoint begin) {
  auto last = last_kept();
  auto at = last ? *std::move(last) : begin_at(std::move(begin));
  count(at.spent);
  reading_.add(at.reading.value_or(Reading{.is_tainted = true}));
  for (;;) {
    at.spent = spent_;
    at.reading = reading_;
    if (auto kept = co_await keep(at); !kept) co_return fail(kept.error());
    tell(at);
    if (at.next.empty()) co_return at;
    if (at.number >= context_.limits.rounds) {
      co_return fail(beyond_limit(
          fmt::format("The graph {} has gone {} rounds and has not ended: it may go no further",
                      graph_.name(), context_.limits.rounds)));
    }
    auto state = co_await round(at);
    if (!state) co_return fail(state.error());
    auto next = graph_.next(at.next, *state);
    if (!next) co_return fail(next.error());
    at = Checkpoint{.number = at.number + 1, .next = std::move(*next), .state = std::move(*state)};
  }
}

Task<Result<Update>> run_within(Node& outer, const GraphCore& inner, Json state,
                                std::function<Update(const Json&)> out) {
  auto filled = validate(inner.state(), std::move(state));
  if (!filled) co_return fail(Code::kInternalServerError, filled.error().message);
  GraphRun run(outer.context(), inner, outer.step_id(""), &outer.run());
  auto last = co_await run.run(
      {.next = inner.first(), .state = std::move(*filled), .reading = outer.reading()});
  outer.reading().add(run.reading());
  if (!last) co_return fail(last.error());
  co_return out(last->state);
}

}  // namespace synap::agents
