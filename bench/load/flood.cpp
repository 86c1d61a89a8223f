#include <fmt/format.h>

#include <memory>
#include <vector>

#include "http_connection.h"
#include "latencies.h"
#include "modes.h"
#include "note_ledger.h"

namespace synap::bench {
namespace {

class FloodRun : public HttpCaller {
 public:
  explicit FloodRun(const Options& options)
      : options_(options),
        requests_(options.address, options.token, options.shape, options.content_size),
        ledger_(options.notes),
        watch_(loop_, options.address, options.token,
               [this](const CompletionWatch::Completion& completion) {
                 ledger_.on_completed(completion);
                 progress_at_ = completion.at;
               }) {
    for (std::size_t i = 0; i < options.connections; ++i)
      connections_.push_back(std::make_unique<HttpConnection>(loop_, options.address, *this));
  }

  Report run() {
    watch_.start(loop_, 10 * kNanosecondsPerSecond);
    started_at_ = progress_at_ = now();
    for (const auto& connection : connections_) post(*connection);
    const auto timeout = static_cast<Nanoseconds>(options_.timeout_seconds * 1e9);
    while (!is_done() && watch_.failure().empty() && now() < progress_at_ + timeout)
      loop_.run_until_ready(progress_at_ + timeout);
    // What comes twice comes soon after.
    const Nanoseconds linger_until = now() + kNanosecondsPerSecond / 5;
    while (now() < linger_until && watch_.failure().empty()) loop_.run_until_ready(linger_until);
    return report();
  }

  void on_answer(HttpConnection& connection, const HttpAnswer& answer) override {
    const Nanoseconds at = now();
    ++answered_;
    last_answer_at_ = progress_at_ = at;
    latencies_.add(at - connection.started_at());
    const Acceptance acceptance =
        answer.status == 200 ? read_acceptance(parser_, answer.body) : Acceptance{};
    if (acceptance.request_id.empty()) {
      ++errors_;
      if (first_error_.empty())
        first_error_ = fmt::format("{} {}", answer.status, answer.body.substr(0, 200));
    } else {
      ledger_.on_accepted(connection.request_index(), acceptance);
    }
    post(connection);
  }

  void on_broken(HttpConnection& connection) override {
    ++answered_;
    ++errors_;
    if (first_error_.empty()) first_error_ = "a connection broke";
    post(connection);
  }

 private:
  bool is_done() const { return answered_ == options_.notes && ledger_.missing() == 0; }

  void post(HttpConnection& connection) {
    if (next_index_ == options_.notes) return;
    const std::size_t index = next_index_++;
    connection.send(requests_.make(index), index);
  }

  Report report() {
    Report report("flood");
    const auto seconds_until = [this](Nanoseconds at) {
      return static_cast<double>(std::max<Nanoseconds>(at - started_at_, 1)) / 1e9;
    };
    report.add("connections", static_cast<double>(connections_.size()));
    report.add("notes", static_cast<double>(options_.notes));
    report.add("accepted", static_cast<double>(ledger_.accepted()));
    report.add("completed", static_cast<double>(ledger_.completed()));
    report.add("notes_per_s", static_cast<double>(ledger_.completed()) /
                                  seconds_until(ledger_.last_completed_at()));
    report.add("accepted_per_s",
               static_cast<double>(ledger_.accepted()) / seconds_until(last_answer_at_));
    report.add("seconds", seconds_until(ledger_.last_completed_at()));
    report.add("post_p50_ms", latencies_.percentile_ms(0.50));
    report.add("post_p99_ms", latencies_.percentile_ms(0.99));
    report.add("missing", static_cast<double>(ledger_.missing()));
    report.add("duplicates", static_cast<double>(ledger_.duplicates()));
    report.add("foreign", static_cast<double>(ledger_.foreign()));
    report.add("errors", static_cast<double>(errors_));
    if (!watch_.failure().empty()) report.fail(watch_.failure());
    if (errors_ > 0) report.fail(fmt::format("{} errors, the first: {}", errors_, first_error_));
    if (ledger_.missing() > 0) report.fail("timeout: accepted notes were never seen completed");
    if (answered_ < options_.notes) report.fail("timeout: requests were never answered");
    if (ledger_.duplicates() > 0) report.fail("completions came twice");
    return report;
  }

  const Options& options_;
  EventLoop loop_;
  NoteRequests requests_;
  NoteLedger ledger_;
  CompletionWatch watch_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  simdjson::dom::parser parser_;
  Latencies latencies_;
  Nanoseconds started_at_ = 0;
  Nanoseconds progress_at_ = 0;
  Nanoseconds last_answer_at_ = 0;
  std::size_t next_index_ = 0;
  std::size_t answered_ = 0;
  std::size_t errors_ = 0;
  std::string first_error_;
};

}  // namespace

Report run_flood(const Options& options) {
  return FloodRun(options).run();
}

}  // namespace synap::bench
