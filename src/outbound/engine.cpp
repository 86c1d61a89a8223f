#include "outbound/engine.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

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

int made(int descriptor) {
  SYNAP_CHECK(descriptor >= 0, "no descriptor is left for requests to others");
  return descriptor;
}

Error closing() {
  return {Code::kServiceUnavailable, "The client is going; its requests end with it"};
}

}  // namespace

Engine::Engine(Setup setup)
    : setup_(std::move(setup)),
      poll_(made(epoll_create1(EPOLL_CLOEXEC))),
      wakeup_(made(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      multi_(make_multi()) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = wakeup_}};
  made(epoll_ctl(poll_, EPOLL_CTL_ADD, wakeup_, &event));
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Engine::watch_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Engine::set_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  thread_ = std::thread([this] { run(); });
}

Engine::~Engine() {
  stop();
  curl_multi_cleanup(multi_);  // it closes connections, and says so
  close(wakeup_);
  close(poll_);
}

bool Engine::give(Command command) {
  std::lock_guard lock(mutex_);
  if (is_stopping_) return false;
  commands_.push_back(std::move(command));
  // Whoever found commands here has woken the thread already, and it has not looked yet.
  if (commands_.size() == 1) wake();
  return true;
}

void Engine::wake() {
  const std::uint64_t one = 1;
  std::ignore = write(wakeup_, &one, sizeof one);  // full: it is awake
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
    if (!is_stopping_) wake();
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
    act_if_due();
    end_performed();
    end_overdue();
    // What has ended may have made room.
    start_waiting();
    wait_for_sockets();
  }
  while (!all_.empty()) end(*all_.begin()->second, fail(closing()));
}

int Engine::watch_socket(CURL*, curl_socket_t socket, int what, void* engine, void*) {
  auto& self = *static_cast<Engine*>(engine);
  epoll_event event{.events = 0, .data = {.fd = socket}};
  if (what == CURL_POLL_REMOVE) {
    // It may be closed already, and is out of the set with that.
    epoll_ctl(self.poll_, EPOLL_CTL_DEL, socket, &event);
    return 0;
  }
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  // Whether it is in the set only the set knows: a descriptor that is closed leaves it, and its
  // number is used again.
  const bool is_new = epoll_ctl(self.poll_, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT;
  // Where the system has no room for it, this transfer ends by its deadline. To say so would end
  // the multi handle for good.
  if (is_new) epoll_ctl(self.poll_, EPOLL_CTL_ADD, socket, &event);
  return 0;
}

int Engine::set_timer(CURLM*, long wait_ms, void* engine) {
  auto& self = *static_cast<Engine*>(engine);
  self.due_.reset();
  if (wait_ms >= 0) self.due_ = SteadyClock::now() + std::chrono::milliseconds(wait_ms);
  return 0;
}

void Engine::act(curl_socket_t socket, int ready) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, ready, &running);
}

void Engine::act_if_due() {
  if (!due_ || *due_ > SteadyClock::now()) return;
  due_.reset();  // it asks again for what is to come
  act(CURL_SOCKET_TIMEOUT, 0);
}

// What is ready is done at once; of a socket that was closed meanwhile another may have the number,
// which then finds that nothing is there.
void Engine::wait_for_sockets() {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(poll_, events.data(), events.size(), milliseconds_to_wait());
  for (int i = 0; i < count; ++i) {
    const auto& event = events.at(static_cast<std::size_t>(i));
    if (event.data.fd == wakeup_) {
      std::uint64_t wishes = 0;
      std::ignore = read(wakeup_, &wishes, sizeof wishes);
      continue;
    }
    int ready = 0;
    if ((event.events & EPOLLIN) != 0) ready |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) ready |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) ready |= CURL_CSELECT_ERR;
    act(event.data.fd, ready);
  }
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
  constexpr std::chrono::milliseconds kLongest{60'000};
  const auto now = SteadyClock::now();
  auto until = now + kLongest;
  if (!deadlines_.empty()) until = std::min(until, deadlines_.begin()->first);
  if (due_) until = std::min(until, *due_);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count());
}

}  // namespace synap::outbound
