#include <fmt/format.h>

#include <memory>
#include <vector>

#include "http_connection.h"
#include "latencies.h"
#include "modes.h"
#include "note_requests.h"

namespace synap::bench {
namespace {

class CreateRun : public HttpCaller {
 public:
  explicit CreateRun(const Options& options)
      : requests_(options.address, options.token, options.shape, options.content_size) {
    for (std::size_t i = 0; i < options.connections; ++i)
      connections_.push_back(std::make_unique<HttpConnection>(loop_, options.address, *this));
    measure_from_ = now() + static_cast<Nanoseconds>(options.warmup_seconds * 1e9);
    stop_at_ = measure_from_ + static_cast<Nanoseconds>(options.duration_seconds * 1e9);
  }

  Report run() {
    for (const auto& connection : connections_) post(*connection);
    while (now() < stop_at_) {
      loop_.run_until_ready(next_deadline());
      revive();
    }
    return report();
  }

  void on_answer(HttpConnection& connection, const HttpAnswer& answer) override {
    const Nanoseconds at = now();
    if (at >= measure_from_ && at < stop_at_) {
      if (answer.status == 200) {
        latencies_.add(at - connection.started_at());
      } else {
        ++errors_;
        if (first_error_.empty())
          first_error_ = fmt::format("{} {}", answer.status, answer.body.substr(0, 200));
      }
    }
    if (at < stop_at_) post(connection);
  }

  void on_broken(HttpConnection&) override {
    ++errors_;
    if (first_error_.empty()) first_error_ = "a connection broke";
  }

 private:
  void post(HttpConnection& connection) {
    const std::size_t index = next_index_++;
    connection.send(requests_.make(index), index);
  }

  // A broken connection waits for this before it tries again, or a dead server would make us spin.
  Nanoseconds next_deadline() const {
    return std::min(stop_at_, now() + kNanosecondsPerSecond / 10);
  }

  void revive() {
    if (now() < revive_at_) return;
    revive_at_ = now() + kNanosecondsPerSecond / 10;
    for (const auto& connection : connections_)
      if (!connection->is_busy()) post(*connection);
  }

  Report report() {
    Report report("create");
    const double seconds =
        static_cast<double>(stop_at_ - measure_from_) / static_cast<double>(kNanosecondsPerSecond);
    report.add("connections", static_cast<double>(connections_.size()));
    report.add("requests", static_cast<double>(latencies_.count()));
    report.add("requests_per_s", static_cast<double>(latencies_.count()) / seconds);
    report.add("p50_ms", latencies_.percentile_ms(0.50));
    report.add("p90_ms", latencies_.percentile_ms(0.90));
    report.add("p99_ms", latencies_.percentile_ms(0.99));
    report.add("max_ms", latencies_.max_ms());
    report.add("errors", static_cast<double>(errors_));
    if (errors_ > 0) report.fail(fmt::format("{} errors, the first: {}", errors_, first_error_));
    if (errors_ == 0 && latencies_.count() == 0) report.fail("no request was answered");
    return report;
  }

  EventLoop loop_;
  NoteRequests requests_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  Latencies latencies_;
  Nanoseconds measure_from_ = 0;
  Nanoseconds stop_at_ = 0;
  Nanoseconds revive_at_ = 0;
  std::size_t next_index_ = 0;
  std::size_t errors_ = 0;
  std::string first_error_;
};

}  // namespace

Report run_create(const Options& options) {
  return CreateRun(options).run();
}

}  // namespace synap::bench
