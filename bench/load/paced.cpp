#include <fmt/format.h>

#include <deque>
#include <memory>
#include <vector>

#include "http_connection.h"
#include "latencies.h"
#include "modes.h"
#include "note_ledger.h"

namespace synap::bench {
namespace {

class PacedRun : public HttpCaller {
 public:
  explicit PacedRun(const Options& options)
      : options_(options),
        warmup_notes_(static_cast<std::size_t>(options.warmup_seconds * options.rate_per_second)),
        total_notes_(warmup_notes_ +
                     static_cast<std::size_t>(options.duration_seconds * options.rate_per_second)),
        requests_(options.address, options.token, options.shape, options.content_size),
        ledger_(total_notes_),
        accept_latency_(total_notes_, 0),
        watch_(loop_, options.address, options.token,
               [this](const CompletionWatch::Completion& completion) {
                 ledger_.on_completed(completion);
               }) {
    for (std::size_t i = 0; i < options.connections; ++i)
      connections_.push_back(std::make_unique<HttpConnection>(loop_, options.address, *this));
  }

  Report run() {
    watch_.start(loop_, 10 * kNanosecondsPerSecond);
    started_at_ = now() + kNanosecondsPerSecond / 20;
    const Nanoseconds give_up_at =
        due_at(total_notes_) + static_cast<Nanoseconds>(options_.timeout_seconds * 1e9);
    while (!is_done() && watch_.failure().empty() && now() < give_up_at) {
      post_due();
      loop_.run_until_ready(next_due_ < total_notes_ ? due_at(next_due_) : give_up_at);
    }
    return report();
  }

  void on_answer(HttpConnection& connection, const HttpAnswer& answer) override {
    ++answered_;
    const std::size_t note = connection.request_index();
    accept_latency_[note] = now() - due_at(note);
    const Acceptance acceptance =
        answer.status == 200 ? read_acceptance(parser_, answer.body) : Acceptance{};
    if (acceptance.request_id.empty()) {
      ++errors_;
      if (first_error_.empty())
        first_error_ = fmt::format("{} {}", answer.status, answer.body.substr(0, 200));
    } else {
      ledger_.on_accepted(note, acceptance);
    }
    post_due();
  }

  void on_broken(HttpConnection&) override {
    ++answered_;
    ++errors_;
    if (first_error_.empty()) first_error_ = "a connection broke";
  }

 private:
  bool is_done() const { return answered_ == total_notes_ && ledger_.missing() == 0; }

  Nanoseconds due_at(std::size_t note) const {
    return started_at_ +
           static_cast<Nanoseconds>(static_cast<double>(note) / options_.rate_per_second * 1e9);
  }

  // Notes that are due and find no idle connection wait here, and their latency grows.
  void post_due() {
    const Nanoseconds at = now();
    while (next_due_ < total_notes_ && due_at(next_due_) <= at) waiting_.push_back(next_due_++);
    while (!waiting_.empty()) {
      HttpConnection* idle = idle_connection();
      if (idle == nullptr) return;
      const std::size_t note = waiting_.front();
      waiting_.pop_front();
      idle->send(requests_.make(note), note);
    }
  }

  HttpConnection* idle_connection() {
    for (const auto& connection : connections_)
      if (!connection->is_busy()) return connection.get();
    return nullptr;
  }

  Report report() {
    Latencies end_to_end;
    Latencies accepted;
    for (std::size_t note = warmup_notes_; note < total_notes_; ++note) {
      if (ledger_.completed_at(note) == 0) continue;
      end_to_end.add(ledger_.completed_at(note) - due_at(note));
      accepted.add(accept_latency_[note]);
    }
    Report report("paced");
    report.add("rate_per_s", options_.rate_per_second);
    report.add("notes", static_cast<double>(total_notes_ - warmup_notes_));
    report.add("completed", static_cast<double>(end_to_end.count()));
    report.add("p50_ms", end_to_end.percentile_ms(0.50));
    report.add("p90_ms", end_to_end.percentile_ms(0.90));
    report.add("p99_ms", end_to_end.percentile_ms(0.99));
    report.add("max_ms", end_to_end.max_ms());
    report.add("post_p50_ms", accepted.percentile_ms(0.50));
    report.add("post_p99_ms", accepted.percentile_ms(0.99));
    report.add("missing", static_cast<double>(ledger_.missing()));
    report.add("duplicates", static_cast<double>(ledger_.duplicates()));
    report.add("errors", static_cast<double>(errors_));
    if (!watch_.failure().empty()) report.fail(watch_.failure());
    if (errors_ > 0) report.fail(fmt::format("{} errors, the first: {}", errors_, first_error_));
    if (answered_ < total_notes_) report.fail("timeout: requests were never answered");
    if (ledger_.missing() > 0) report.fail("timeout: accepted notes were never seen completed");
    if (ledger_.duplicates() > 0) report.fail("completions came twice");
    return report;
  }

  const Options& options_;
  std::size_t warmup_notes_;
  std::size_t total_notes_;
  EventLoop loop_;
  NoteRequests requests_;
  NoteLedger ledger_;
  std::vector<Nanoseconds> accept_latency_;
  CompletionWatch watch_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  simdjson::dom::parser parser_;
  std::deque<std::size_t> waiting_;
  Nanoseconds started_at_ = 0;
  std::size_t next_due_ = 0;
  std::size_t answered_ = 0;
  std::size_t errors_ = 0;
  std::string first_error_;
};

}  // namespace

Report run_paced(const Options& options) {
  return PacedRun(options).run();
}

}  // namespace synap::bench
