#include "telemetry/span_exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/log.h"

namespace synap::telemetry {
namespace {

using std::chrono::milliseconds;

// Of one request: what collectors take with their usual limits, and encoding stays short.
constexpr std::size_t kBatchSpansMax = 512;
constexpr std::size_t kBatchBytesMax = std::size_t{1} * 1024 * 1024;
constexpr int kTriesMax = 5;
constexpr milliseconds kRetryPauseMax(30'000);
// How often the log says that spans are being dropped.
constexpr std::chrono::seconds kTold(60);
// Of a text of a span: an error may be a stack trace.
constexpr std::size_t kTextBytesMax = 2'000;
constexpr std::uint64_t kAnswerBytesMax = 64 * 1024;
// Requests of others to the collector at a time: the pod's own find a place beside them.
constexpr int kPassingMax = 16;
constexpr int kPassingOfUserMax = 4;

void cut(std::string& text) {
  if (text.size() > kTextBytesMax) {
    text.resize(valid_utf8_prefix(std::string_view(text).substr(0, kTextBytesMax)));
  }
}

std::size_t bytes_of(const Span& span) {
  std::size_t bytes = sizeof(Span) + span.name.size() + (span.error ? span.error->size() : 0);
  for (const auto& [key, value] : span.attributes) {
    bytes += sizeof(std::pair<std::string_view, Span::Value>);
    if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
  }
  return bytes;
}

bool may_be_sent_again(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

SpanExporter::SpanExporter(SpanExporterOptions options, World& world)
    : Tracer(world, options.ratio),
      options_(std::move(options)),
      world_(world),
      // Where the collector is, the pod's owner has said.
      client_(outbound::Policy::anywhere()),
      executor_(world.make_executor("traces", ThreadPriority::kBackground)) {
  spawn(*executor_, work());
}

SpanExporter::~SpanExporter() {
  stop(milliseconds(0));
}

void SpanExporter::end(Span span) {
  if (!span.context.is_sampled) return;
  cut(span.name);
  if (span.error) cut(*span.error);
  const auto bytes = bytes_of(span);
  std::lock_guard lock(mutex_);
  if (is_stopping_ || bytes_ + bytes > options_.queue_bytes_max) return counts_.dropped.add();
  bytes_ += bytes;
  queue_.push_back({std::move(span), bytes});
  if (queue_.size() == 1) filled_.raise(++fill_count_);
}

void SpanExporter::stop(milliseconds grace) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(is_stopping_, true)) return;
  }
  stopping_.request_stop();
  std::unique_lock lock(mutex_);
  const auto has_ended = [this] { return has_ended_; };
  if (executor_->wait_for(lock, ended_, grace, has_ended)) return;
  lock.unlock();
  giving_up_.request_stop();
  lock.lock();
  executor_->wait(lock, ended_, has_ended);
}

Task<void> SpanExporter::work() {
  const auto stop = stopping_.get_token();
  std::int64_t seen = 0;
  // Nothing comes once it is asked to stop: so what is found then is the last.
  for (bool is_last = false; !is_last;) {
    co_await filled_.wait_past(seen, stop);
    seen = filled_.value();
    co_await world_.sleep_for(options_.pause, stop);
    is_last = stop.stop_requested();
    for (auto batch = take(); !batch.empty(); batch = take()) {
      co_await send(std::move(batch));
      tell_dropped(false);
    }
  }
  tell_dropped(true);
  std::lock_guard lock(mutex_);
  has_ended_ = true;
  ended_.notify_all();
}

// Once nobody waits any more, all that is left is dropped.
std::vector<Span> SpanExporter::take() {
  std::vector<Span> batch;
  std::size_t bytes = 0;
  std::lock_guard lock(mutex_);
  if (giving_up_.stop_requested()) {
    counts_.dropped.add(queue_.size());
    queue_.clear();
    bytes_ = 0;
  }
  while (!queue_.empty() && batch.size() < kBatchSpansMax && bytes < kBatchBytesMax) {
    auto& first = queue_.front();
    bytes += first.bytes;
    batch.push_back(std::move(first.span));
    queue_.pop_front();
  }
  bytes_ -= bytes;
  return batch;
}

Task<void> SpanExporter::send(std::vector<Span> batch) {
  const auto spans = batch.size();
  const auto body = export_request(options_.resource, batch);
  batch = {};
  auto pause = options_.retry_pause;
  for (int tries = 1;; ++tries) {
    auto wait = pause;
    if (co_await try_to_send(body, spans, wait) == Sent::kDone) co_return;
    if (tries == kTriesMax || stopping_.stop_requested()) break;
    co_await world_.sleep_for(std::min(wait, kRetryPauseMax), stopping_.get_token());
    pause *= 2;
  }
  counts_.dropped.add(spans);
}

// `pause`: before it is sent again; a collector may want a longer one.
Task<SpanExporter::Sent> SpanExporter::try_to_send(const std::string& body, std::size_t spans,
                                                   milliseconds& pause) {
  outbound::Request request{
      .method = "POST", .url = options_.url, .headers = options_.headers, .body = body};
  request.headers.push_back({"content-type", "application/json"});
  auto answer =
      co_await client_.send(std::move(request), {.deadline = world_.now() + options_.timeout,
                                                 .stop = giving_up_.get_token(),
                                                 .response_bytes_max = kAnswerBytesMax,
                                                 .redirects_max = 0});
  if (!answer) {
    counts_.failed_exports.add();
    note_failure(answer.error().message);
    co_return Sent::kAgain;
  }
  if (answer->status >= 200 && answer->status < 300) {
    const auto rejected = std::min(static_cast<std::size_t>(rejected_spans(answer->body)), spans);
    counts_.refused.add(rejected);
    counts_.exported.add(spans - rejected);
    if (std::exchange(is_down_, false)) {
      write_log(LogLevel::kInfo, "telemetry", "the collector takes spans again");
    }
    co_return Sent::kDone;
  }
  counts_.failed_exports.add();
  note_failure(fmt::format("it answers with status {}", answer->status));
  if (!may_be_sent_again(answer->status)) {
    counts_.refused.add(spans);
    co_return Sent::kDone;
  }
  if (const auto* after = outbound::find(answer->headers, "retry-after")) {
    int seconds = 0;
    std::from_chars(after->data(), after->data() + after->size(), seconds);
    if (seconds > 0) pause = std::max(pause, milliseconds(std::min(seconds, 3'600) * 1'000));
  }
  co_return Sent::kAgain;
}

// One of those that are on their way.
class SpanExporter::Place {
 public:
  Place(SpanExporter& exporter, std::string user_id)
      : exporter_(exporter), user_id_(std::move(user_id)) {
    const std::lock_guard lock(exporter_.mutex_);
    auto& of_user = exporter_.passing_[user_id_];
    is_taken_ = of_user < kPassingOfUserMax && exporter_.passing_count_ < kPassingMax;
    if (!is_taken_) return;
    ++of_user;
    ++exporter_.passing_count_;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    const std::lock_guard lock(exporter_.mutex_);
    const auto of_user = exporter_.passing_.find(user_id_);
    if (is_taken_) {
      --of_user->second;
      --exporter_.passing_count_;
    }
    if (of_user != exporter_.passing_.end() && of_user->second == 0) {
      exporter_.passing_.erase(of_user);
    }
  }
  bool is_taken() const { return is_taken_; }

 private:
  SpanExporter& exporter_;
  const std::string user_id_;
  bool is_taken_ = false;
};

Task<Result<>> SpanExporter::pass_on(std::string user_id, std::string body,
                                     std::string content_type) {
  const Place place(*this, std::move(user_id));
  if (!place.is_taken()) {
    co_return fail(Code::kTooManyRequests, "Many spans are on their way to the collector");
  }
  outbound::Request request{
      .method = "POST", .url = options_.url, .headers = options_.headers, .body = std::move(body)};
  request.headers.push_back({"content-type", std::move(content_type)});
  auto answer =
      co_await client_.send(std::move(request), {.deadline = world_.now() + options_.timeout,
                                                 .stop = giving_up_.get_token(),
                                                 .response_bytes_max = kAnswerBytesMax,
                                                 .redirects_max = 0});
  if (!answer) co_return fail(answer.error());
  if (answer->status >= 200 && answer->status < 300) co_return Result<>{};
  co_return fail(Code::kBadGateway,
                 fmt::format("The collector answers with status {}", answer->status));
}

// Once, until it has taken something again.
void SpanExporter::note_failure(const std::string& why) {
  if (std::exchange(is_down_, true)) return;
  write_log(LogLevel::kWarn, "telemetry", "the collector takes no spans: {error}",
            {{"error", why}});
}

void SpanExporter::tell_dropped(bool is_last) {
  const auto dropped = counts_.dropped.value();
  if (dropped == told_dropped_) return;
  if (!is_last && told_dropped_ > 0 && world_.now() < told_at_ + kTold) return;
  write_log(LogLevel::kWarn, "telemetry", "{count} spans were dropped",
            {{"count", static_cast<std::int64_t>(dropped - told_dropped_)}});
  told_dropped_ = dropped;
  told_at_ = world_.now();
}

}  // namespace synap::telemetry
