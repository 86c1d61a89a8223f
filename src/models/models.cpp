#include "models/models.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "models/decoder.h"
#include "models/retry.h"
#include "models/wire.h"

namespace synap::models {
namespace {

using std::chrono::milliseconds;

// An error's body says little; the rest is not read.
constexpr std::size_t kErrorBytesMax = 64 * 1024;
// A token comes in some 300 bytes of event.
constexpr std::uint64_t kStreamBytesMax = std::uint64_t{256} * 1024 * 1024;
// What a call may last beyond its providers' time: the last commit, and clocks that differ.
constexpr std::int64_t kSlackMs = 120'000;
// Answers on their way, each of which holds two windows of 64 KiB.
constexpr std::size_t kTransfersMax = 2'048;

outbound::ClientOptions client_options(std::function<std::optional<Error>()> refuse_to_send) {
  return {.budget = {.transfers_max = kTransfersMax,
                     .bytes_max = std::uint64_t{1} * 1024 * 1024 * 1024,
                     .waiting_bytes_max = std::uint64_t{256} * 1024 * 1024},
          .refuse_to_send = std::move(refuse_to_send)};
}

Error without_provider(std::string_view capability) {
  return {Code::kPreconditionFailed,
          fmt::format("No model is set for \"{}\": the pod's settings need a table "
                      "[[models.{}]] (docs/language-models.md)",
                      capability, capability),
          std::make_shared<const Json>(Json::object({{"reason", "MODEL_NONE"}}))};
}

std::int64_t ms_between(SteadyClock::time_point from, SteadyClock::time_point to) {
  return std::chrono::duration_cast<milliseconds>(to - from).count();
}

bool is_event_stream(const outbound::Head& head) {
  const auto* type = outbound::find(head.headers, "content-type");
  return type == nullptr || type->starts_with("text/event-stream");
}

Error cancelled() {
  return {Code::kClientClosedRequest, "Nobody waits for the model's answer any more"};
}

Usage usage_of(const ModelCall& call) {
  return {.input = call.input,
          .output = call.output,
          .cached = call.cached,
          .cache_written = call.cache_written.value_or(0),
          .is_estimated = call.is_estimated};
}

}  // namespace

// What is known of a call while it goes on.
struct Models::Progress {
  Ask& ask;
  std::int64_t ask_tokens = 0;  // of all that is asked, estimated
  std::stop_token stop;
  SteadyClock::time_point began_at = {};
  OpenCall open = {};
  // Of the present provider:
  const Provider* provider = nullptr;
  SteadyClock::time_point deadline = {};
  outbound::Request request = {};
  std::unique_ptr<Decoder> decoder = nullptr;
  bool is_taken = false;  // the provider has begun to answer, and will want to be paid
  bool has_handed_on = false;

  ModelCall& call() { return open.call(); }

  void begin(const Provider& the_provider, outbound::Request the_request) {
    provider = &the_provider;
    deadline = SteadyClock::now() + the_provider.timeout;
    if (ask.time_max) deadline = std::min(deadline, began_at + *ask.time_max);
    request = std::move(the_request);
    auto& c = call();
    c.provider = the_provider.name;
    c.wire = wire_name(the_provider.wire);
    c.model = the_provider.model;
    c.request_hash = to_hex(sha256(request.sent_body()));
  }
  // Nobody is asked again: an answer may take minutes, and of what was asked nothing is needed to
  // read it.
  void hand_on() {
    has_handed_on = true;
    call().first_ms = ms_between(began_at, SteadyClock::now());
    ask.messages = {};
    ask.tools = {};
    request = {};
  }
  // Tokens and money of what has come so far, as the account is told if nothing more does.
  void count() {
    auto usage = decoder != nullptr ? decoder->usage() : Usage{.is_estimated = true};
    const auto bytes = decoder != nullptr ? decoder->bytes() : 0;
    // Who counts nothing at all has not counted.
    if (usage.input + usage.output == 0 && bytes > 0) usage.is_estimated = true;
    if (usage.is_estimated) {
      if (usage.input == 0) usage.input = is_taken ? ask_tokens : 0;
      usage.output = std::max(usage.output, estimated_tokens(bytes));
    }
    auto& c = call();
    c.input = usage.input;
    c.output = usage.output;
    c.cached = std::min(usage.cached, usage.input);
    const auto written = std::min(usage.cache_written, c.input - c.cached);
    if (written > 0) c.cache_written = written;
    c.is_estimated = usage.is_estimated;
    c.cost_nanos = provider != nullptr ? cost_nanos(provider->price, usage_of(c)) : 0;
    c.ms = ms_between(began_at, SteadyClock::now());
  }
  void fail_with(const Failure& failure) {
    count();
    auto& c = call();
    const bool is_cancelled = failure.error.code == Code::kClientClosedRequest;
    c.finish = is_cancelled ? "cancelled" : "error";
    c.error = info(failure.error.code).name;
    c.reason = failure.reason;
    if (failure.status != 0) c.status = failure.status;
  }
};

Models::Models(Options options, outbound::Policy policy, const Account::Rooms& rooms,
               std::function<std::optional<Error>()> refuse_to_send)
    : options_(std::move(options)),
      client_(std::move(policy), client_options(std::move(refuse_to_send))),
      account_(rooms, options_.of_user, options_.of_key, options_.of_chain) {}

Models::~Models() = default;

Health Models::health(const Provider& provider) const {
  const std::lock_guard lock(mutex_);
  const auto at = health_.find(&provider);
  return at != health_.end() ? at->second : Health{};
}

void Models::note(const Provider& provider, const Error* error) {
  const std::lock_guard lock(mutex_);
  auto& health = health_[&provider];
  const auto now = account_.world().unix_ms();
  if (error == nullptr) {
    health.answered_at = now;
    return;
  }
  health.failed_at = now;
  health.error = error->message;
}

// One request, and its answer as it comes. Nothing: the answer is whole.
Stream<Delta, std::optional<Failure>> Models::attempt(const Provider& provider,
                                                      Progress& progress) {
  progress.decoder = Decoder::make(provider.wire);
  auto& decoder = *progress.decoder;
  ++progress.call().attempts;
  auto bytes = client_.stream(progress.request, {.deadline = progress.deadline,
                                                 .stop = progress.stop,
                                                 .response_bytes_max = kStreamBytesMax,
                                                 .silence_max = provider.silence,
                                                 .redirects_max = 0});
  std::shared_ptr<const outbound::Head> head;
  std::string error_body;
  bool is_answer = false;
  while (auto chunk = co_await bytes.next()) {
    if (head == nullptr) {
      head = chunk->head;
      progress.call().status = head->status;
      if (auto id = request_id_of(head->headers); !id.empty()) {
        progress.call().request_id = redacted(id, provider.key);
      }
      is_answer = head->status >= 200 && head->status < 300;
      progress.is_taken = progress.is_taken || is_answer;
      if (is_answer && !is_event_stream(*head)) {
        co_return failure_of_answer(
            provider, *head,
            {Code::kUnprocessableContent,
             "it answers with something else than the stream of events that it was asked for"});
      }
    }
    if (!is_answer) {
      error_body.append(chunk->bytes);
      if (error_body.size() > kErrorBytesMax) break;
      continue;
    }
    auto read = decoder.read(chunk->bytes);
    for (auto& delta : decoder.take_deltas()) {
      if (!progress.has_handed_on) progress.hand_on();
      progress.count();
      co_yield std::move(delta);
    }
    if (!read) co_return failure_of_answer(provider, *head, read.error());
    if (decoder.complaint()) {
      co_return failure_of_complaint(provider, *head, *decoder.complaint());
    }
    if (decoder.is_over()) break;
  }
  if (head != nullptr && !is_answer) {
    co_return failure_of_status(provider, *head, error_body, account_.world().unix_ms());
  }
  // What a provider says behind the end is of no interest.
  if (decoder.is_complete()) co_return std::nullopt;
  if (decoder.is_over()) co_return failure_of_cut(provider, *head, "it says no reason for its end");
  auto& end = bytes.end();
  if (end) co_return failure_of_cut(provider, *head, "its stream ends before the answer does");
  const bool is_cut = progress.has_handed_on && end.error().code != Code::kClientClosedRequest;
  if (is_cut) co_return failure_of_cut(provider, *head, end.error().message);
  co_return failure_of_transfer(provider, head.get(), end.error());
}

Result<Finished> Models::finished(Progress& progress) {
  const auto& decoder = *progress.decoder;
  progress.count();
  auto& call = progress.call();
  call.finish = decoder.finish();
  if (!decoder.answered_by().empty()) call.answered_by = decoder.answered_by();
  Answer answer{.call_id = call.call_id,
                .text = decoder.text(),
                .tool_calls = decoder.tool_calls(),
                .finish = call.finish,
                .usage = usage_of(call),
                .cost = money(call.cost_nanos),
                .provider = call.provider,
                .model = call.model,
                .answered_by = decoder.answered_by(),
                .ms = call.ms};
  // Whoever wants tools to be called has not come to its answer yet.
  if (progress.ask.output_schema && answer.tool_calls.empty()) {
    auto output = checked_output(*progress.ask.output_schema, answer.text);
    if (!output) {
      auto error = output.error();
      if (call.finish == "length") error.message += "; tokensMax was reached";
      call.error = info(error.code).name;
      call.reason = "MODEL_OUTPUT_UNFIT";
      return fail(std::move(error));
    }
    answer.output = std::move(*output);
  }
  return Finished{std::move(answer), std::move(progress.open)};
}

// The same until it is whole, or the provider is given up.
Stream<Delta, std::optional<Failure>> Models::attempts(const Provider& provider,
                                                       Progress& progress) {
  auto request = request_of(provider, progress.ask);
  if (!request) co_return Failure{.error = request.error(), .reason = "MODEL_REFUSED"};
  // Shared with each try, rather than copied.
  request->kept_body = std::make_shared<const std::string>(std::move(request->body));
  request->body.clear();
  progress.begin(provider, std::move(*request));
  for (int retry = 1;; ++retry) {
    auto pieces = attempt(provider, progress);
    while (auto delta = co_await pieces.next()) co_yield std::move(*delta);
    auto failure = std::move(pieces.end());
    if (progress.stop.stop_requested()) co_return failure;
    note(provider, failure ? &failure->error : nullptr);
    const bool may_retry = failure && failure->is_transient && !progress.has_handed_on;
    if (!may_retry || retry > provider.retries) co_return failure;
    const auto pause = pause_before(retry, failure->retry_after, world());
    if (!pause || SteadyClock::now() + *pause >= progress.deadline) co_return failure;
    if (!co_await world().sleep_for(*pause, progress.stop)) co_return failure;
  }
}

// With what it may take at most, whichever provider answers.
Task<Result<OpenCall>> Models::open(const Caller& caller, const Ask& ask) {
  Usage most{.input = estimated_tokens(ask)};
  std::int64_t most_nanos = 0;
  std::int64_t until = world().unix_ms() + kSlackMs;
  for (const auto& provider : options_.chat) {
    const Usage usage{.input = most.input, .output = tokens_max_of(provider, ask)};
    most.output = std::max(most.output, usage.output);
    Usage written = usage;
    written.cache_written = usage.input;
    most_nanos = std::max(
        {most_nanos, cost_nanos(provider.price, usage), cost_nanos(provider.price, written)});
    until += provider.timeout.count();
  }
  const auto& first = options_.chat.front();
  co_return co_await account_.open(caller,
                                   {.capability = "chat",
                                    .provider = first.name,
                                    .wire = std::string(wire_name(first.wire)),
                                    .model = first.model},
                                   most, most_nanos, until);
}

// What opening and ending a call take is not to lie in the frame of the stream, which waits for as
// long as an answer lasts; the compiler would put it there if it took them in.
[[gnu::noinline]] Task<Result<>> Models::begin(Caller caller, Progress& progress) {
  if (auto checked = check(progress.ask); !checked) co_return fail(checked.error());
  if (options_.chat.empty()) co_return fail(without_provider("chat"));
  auto opened = co_await open(caller, progress.ask);
  if (!opened) co_return fail(opened.error());
  progress.open = std::move(*opened);
  progress.ask_tokens = estimated_tokens(progress.ask);
  progress.began_at = SteadyClock::now();
  co_return Result<>{};
}

[[gnu::noinline]] Task<Result<Finished>> Models::end(Progress& progress,
                                                     std::optional<Failure> failure) {
  if (failure) {
    if (progress.stop.stop_requested()) failure->error = cancelled();
    progress.fail_with(*failure);
    std::ignore = co_await account_.settle(std::move(progress.open));
    co_return fail(std::move(failure->error));
  }
  auto done = finished(progress);
  if (!done) std::ignore = co_await account_.settle(std::move(progress.open));
  co_return done;
}

Stream<Delta, Result<Finished>> Models::ask(Caller caller, Ask ask, std::stop_token stop) {
  Progress progress{.ask = ask, .stop = stop};
  if (auto begun = co_await begin(std::move(caller), progress); !begun) {
    co_return fail(begun.error());
  }
  std::optional<Failure> failure;
  for (const auto& provider : options_.chat) {
    auto pieces = attempts(provider, progress);
    while (auto delta = co_await pieces.next()) co_yield std::move(*delta);
    failure = std::move(pieces.end());
    if (!failure || progress.has_handed_on || stop.stop_requested()) break;
  }
  co_return co_await end(progress, std::move(failure));
}

Stream<Delta, Result<Answer>> Models::stream(Caller caller, Ask ask, std::stop_token stop) {
  auto pieces = this->ask(std::move(caller), std::move(ask), std::move(stop));
  while (auto delta = co_await pieces.next()) co_yield std::move(*delta);
  auto& end = pieces.end();
  if (!end) co_return fail(end.error());
  // It is paid for: if it cannot be in the log now, the next start puts it there.
  std::ignore = co_await account_.settle(std::move(end->call));
  co_return std::move(end->answer);
}

Task<Result<Finished>> Models::generate_open(Caller caller, Ask ask, std::stop_token stop,
                                             Hear hear) {
  auto pieces = this->ask(std::move(caller), std::move(ask), std::move(stop));
  while (auto delta = co_await pieces.next()) {
    if (hear) hear(*delta);
  }
  co_return std::move(pieces.end());
}

Task<Result<Answer>> Models::generate(Caller caller, Ask ask, std::stop_token stop) {
  auto done = co_await generate_open(std::move(caller), std::move(ask), std::move(stop));
  if (!done) co_return fail(done.error());
  std::ignore = co_await account_.settle(std::move(done->call));
  co_return std::move(done->answer);
}

}  // namespace synap::models
