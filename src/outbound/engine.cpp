#include "outbound/engine.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "base/check.h"
#include "base/thread.h"

namespace synap::outbound {
namespace {

CURLM* make_multi() {
  // Before any other use of libcurl and OpenSSL, once.
  static const CURLcode prepared = curl_global_init(CURL_GLOBAL_DEFAULT);
  SYNAP_CHECK(prepared == CURLE_OK, "libcurl does not start");
  CURLM* multi = curl_multi_init();
  SYNAP_CHECK(multi != nullptr, "out of memory");
  return multi;
}

Error closing() {
  return {Code::kServiceUnavailable, "The client is going; its requests end with it"};
}

}  // namespace

Engine::Engine(Setup setup)
    : setup_(std::move(setup)), multi_(make_multi()), thread_([this] { run(); }) {}

Engine::~Engine() {
  stop();
  curl_multi_cleanup(multi_);
}

bool Engine::give(Command command) {
  std::lock_guard lock(mutex_);
  if (is_stopping_) return false;
  commands_.push_back(std::move(command));
  // Whoever found commands here has woken the thread already, and it has not looked yet.
  if (commands_.size() == 1) curl_multi_wakeup(multi_);
  return true;
}

void Engine::submit(std::shared_ptr<Transfer> transfer) {
  auto& mailbox = transfer->mailbox();
  const auto kept = transfer;
  if (!give({Command::Kind::kSubmit, std::move(transfer), {}})) mailbox.finish(fail(closing()));
}

void Engine::cancel(std::shared_ptr<Transfer> transfer, Error error) {
  give({Command::Kind::kCancel, std::move(transfer), std::move(error)});
}

void Engine::resume(std::shared_ptr<Transfer> transfer) {
  give({Command::Kind::kResume, std::move(transfer), {}});
}

void Engine::stop() {
  {
    std::lock_guard lock(mutex_);
    if (!is_stopping_) curl_multi_wakeup(multi_);
    is_stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Engine::run() {
  begin_thread("outbound");
  // OpenSSL writes to sockets that the peer has closed. The signal is that of the writing thread,
  // and whether the program ignores it is not ours to know.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (take_commands()) {
    start_waiting();
    int running = 0;
    curl_multi_perform(multi_, &running);
    end_performed();
    end_overdue();
    // What has ended may have made room.
    start_waiting();
    curl_multi_poll(multi_, nullptr, 0, milliseconds_to_wait(), nullptr);
  }
  while (!all_.empty()) end(*all_.begin()->second, fail(closing()));
}

bool Engine::take_commands() {
  std::vector<Command> commands;
  bool is_stopping = false;
  {
    std::lock_guard lock(mutex_);
    commands.swap(commands_);
    is_stopping = is_stopping_;
  }
  for (auto& command : commands) obey(command);
  return !is_stopping;
}

void Engine::obey(Command& command) {
  if (command.kind == Command::Kind::kSubmit) {
    wait_or_refuse(std::move(command.transfer));
    return;
  }
  Transfer& transfer = *command.transfer;
  if (!all_.contains(&transfer)) return;  // it has ended meanwhile
  if (command.kind == Command::Kind::kCancel) {
    end(transfer, fail(std::move(command.error)));
  } else if (transfer.handle() != nullptr) {
    curl_easy_pause(transfer.handle(), CURLPAUSE_CONT);
  }
}

void Engine::wait_or_refuse(std::shared_ptr<Transfer> transfer) {
  const auto& budget = setup_.options.budget;
  if (transfer->bytes_max() > budget.bytes_max) {
    transfer->mailbox().finish(
        fail(Code::kPayloadTooLarge,
             fmt::format("The request to {} may take {} bytes with its answer, and all requests "
                         "together have {}",
                         transfer->origin(), transfer->bytes_max(), budget.bytes_max)));
    return;
  }
  Transfer& added = *transfer;
  all_.emplace(&added, std::move(transfer));
  deadlines_.emplace(added.deadline(), &added);
  auto& origin = origins_[added.asked_origin()];
  origin.waiting.push_back(&added);
  ++waiting_;
  waiting_bytes_ += added.body_bytes();
  see_to(origin);
  start_waiting();
  const bool is_waiting = added.handle() == nullptr;
  if (is_waiting && (waiting_ > budget.waiting_max || waiting_bytes_ > budget.waiting_bytes_max)) {
    end(added,
        fail(Code::kServiceUnavailable,
             fmt::format("Too many requests wait to be sent ({}, with {} bytes); the one to "
                         "{} is refused",
                         waiting_ - 1, waiting_bytes_ - added.body_bytes(), added.origin())));
  }
}

void Engine::start_waiting() {
  const auto& budget = setup_.options.budget;
  while (!ring_.empty() && running_ < budget.transfers_max) {
    Origin& origin = *ring_.front();
    Transfer& first = *origin.waiting.front();
    if (first.bytes_max() > budget.bytes_max - running_bytes_) return;
    ring_.pop_front();
    origin.is_in_ring = false;
    origin.waiting.pop_front();
    --waiting_;
    waiting_bytes_ -= first.body_bytes();
    ++origin.running;
    ++running_;
    running_bytes_ += first.bytes_max();
    see_to(origin);
    start_hop(first);
  }
}

void Engine::see_to(Origin& origin) {
  const auto& budget = setup_.options.budget;
  const auto most =
      budget.transfers_of_origin_max > 0 ? budget.transfers_of_origin_max : budget.transfers_max;
  if (origin.is_in_ring || origin.waiting.empty() || origin.running >= most) return;
  origin.is_in_ring = true;
  ring_.push_back(&origin);
}

void Engine::forget_if_idle(const std::string& name, Origin& origin) {
  if (origin.waiting.empty() && origin.is_in_ring) {
    std::erase(ring_, &origin);
    origin.is_in_ring = false;
  }
  if (origin.waiting.empty() && origin.running == 0) origins_.erase(name);
}

void Engine::start_hop(Transfer& transfer) {
  const auto code = curl_multi_add_handle(multi_, transfer.begin_hop(setup_));
  SYNAP_CHECK(code == CURLM_OK, "libcurl takes no handle");
}

void Engine::end_performed() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    // The message goes with its handle.
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_, transfer->handle());
    if (auto outcome = transfer->end_hop(code)) {
      end(*transfer, std::move(*outcome));
    } else {
      start_hop(*transfer);
    }
  }
}

void Engine::end_overdue() {
  const auto now = SteadyClock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Transfer& late = *deadlines_.begin()->second;
    end(late,
        fail(Code::kGatewayTimeout,
             fmt::format("The request to {} was not answered by its deadline", late.origin())));
  }
}

void Engine::end(Transfer& transfer, Result<> outcome) {
  const auto kept = all_.extract(&transfer);
  deadlines_.erase({transfer.deadline(), &transfer});
  if (transfer.handle() != nullptr) {
    curl_multi_remove_handle(multi_, transfer.handle());  // again is no error
    transfer.drop_handle();
    --running_;
    running_bytes_ -= transfer.bytes_max();
    auto& origin = origins_.at(transfer.asked_origin());
    --origin.running;
    see_to(origin);
    forget_if_idle(transfer.asked_origin(), origin);
  } else if (const auto known = origins_.find(transfer.asked_origin()); known != origins_.end()) {
    auto& origin = known->second;
    if (const auto place = std::ranges::find(origin.waiting, &transfer);
        place != origin.waiting.end()) {
      origin.waiting.erase(place);
      --waiting_;
      waiting_bytes_ -= transfer.body_bytes();
      forget_if_idle(transfer.asked_origin(), origin);
    }
  }
  transfer.mailbox().finish(std::move(outcome));
}

int Engine::milliseconds_to_wait() const {
  constexpr std::chrono::milliseconds kLongest{60'000};  // libcurl wakes itself for its own timers
  if (deadlines_.empty()) return static_cast<int>(kLongest.count());
  const auto left = deadlines_.begin()->first - SteadyClock::now();
  const auto rounded =
      std::chrono::ceil<std::chrono::milliseconds>(std::min<SteadyClock::duration>(left, kLongest));
  return static_cast<int>(std::max(rounded, std::chrono::milliseconds(0)).count());
}

}  // namespace synap::outbound
