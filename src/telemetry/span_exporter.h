// SpanExporter: the Tracer that sends spans to a collector of OpenTelemetry, over OTLP/HTTP.
//
// Whoever has a span puts it into a queue of bounded bytes and goes on; one executor of its own
// takes batches from it. A collector that is slow or gone holds up nothing: when the queue is full
// spans are dropped, and how many is counted and said in the log. What a collector says may be sent
// again (429, 502, 503, 504, or nobody answering) is tried five times, later and later.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/task.h"
#include "base/timer.h"
#include "base/trace.h"
#include "outbound/client.h"
#include "telemetry/otlp_json.h"

namespace synap::telemetry {

struct SpanExporterOptions {
  std::string url;  // "http://127.0.0.1:4318/v1/traces"
  outbound::Headers headers = {};
  Resource resource = {};
  double ratio = 1;  // Tracer
  std::size_t queue_bytes_max = std::size_t{8} * 1024 * 1024;
  /// How long a span waits for others to be sent with.
  std::chrono::milliseconds pause{1'000};
  std::chrono::milliseconds timeout{10'000};  // of one request
  /// Before something is sent for the second time; then twice as long each time.
  std::chrono::milliseconds retry_pause{1'000};
};

class SpanExporter final : public Tracer {
 public:
  /// Begins at once. `world` must outlive it.
  SpanExporter(SpanExporterOptions options, World& world);
  /// stop() with no grace.
  ~SpanExporter();

  void end(Span span) override;

  /// Sends spans of somebody else as they are, and answers when the collector has them.
  /// kTooManyRequests: many are on their way, of this user or together; kBadGateway: it would not
  /// have them; otherwise as outbound::Client.
  Task<Result<>> pass_on(std::string user_id, std::string body, std::string content_type);

  /// Sends what is queued, for at most so long; what is left then is dropped. Nothing is taken any
  /// more. Blocks meanwhile.
  void stop(std::chrono::milliseconds grace);

  /// Since the start. Any thread.
  struct Counts {
    Counter exported;
    Counter dropped;         // there was no room, or no collector took them
    Counter refused;         // the collector would not have them
    Counter failed_exports;  // requests
  };
  const Counts& counts() const { return counts_; }
  std::size_t queue_bytes() const { return bytes_; }

 private:
  struct Queued {
    Span span;
    std::size_t bytes = 0;
  };
  enum class Sent : std::uint8_t { kDone, kAgain };
  class Place;

  Task<void> work();
  std::vector<Span> take();
  Task<void> send(std::vector<Span> batch);
  Task<Sent> try_to_send(const std::string& body, std::size_t spans,
                         std::chrono::milliseconds& pause);
  void note_failure(const std::string& why);
  void tell_dropped(bool is_last);

  const SpanExporterOptions options_;
  World& world_;
  outbound::Client client_;
  Counts counts_;

  std::mutex mutex_;
  std::condition_variable ended_;
  std::deque<Queued> queue_;
  std::atomic<std::size_t> bytes_ = 0;  // of queue_; changed under the mutex
  bool is_stopping_ = false;
  bool has_ended_ = false;
  Watermark filled_;  // grows when the queue was empty and is not
  std::int64_t fill_count_ = 0;

  // pass_on() that are on their way, by user; under the mutex.
  std::map<std::string, int> passing_;
  int passing_count_ = 0;

  std::stop_source stopping_;   // sends what there is, and waits for nothing
  std::stop_source giving_up_;  // and nobody waits for that any more
  // Of the executor.
  bool is_down_ = false;
  std::uint64_t told_dropped_ = 0;
  SteadyClock::time_point told_at_{};
  std::unique_ptr<Executor> executor_;
};

}  // namespace synap::telemetry
