#include "net/loop.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <ctime>

#include "base/check.h"
#include "base/thread.h"
#include "net/connection.h"
#include "net/response_writer.h"

namespace synap::net {

namespace asio = boost::asio;

namespace {

// A quarter of the shortest limit, so that none is overrun by more than that; within 5 ms (tests)
// and 250 ms, a quarter of the time a connection lingers (connection_answers.cpp).
std::chrono::milliseconds interval_for(const ServerOptions& options) {
  const auto shortest =
      std::min({options.head_timeout, options.body_timeout, options.idle_timeout,
                options.write_timeout, options.websocket_ping, options.stranger_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

}  // namespace

int unacknowledged_bytes(Socket& socket) {
  int count = 0;
  if (!socket.is_open() || ::ioctl(socket.native_handle(), SIOCOUTQ, &count) != 0) return 0;
  return count;
}

ServerStatistics Shared::statistics() const {
  ServerStatistics all;
  for (std::size_t i = 0; i < all.responses.size(); ++i) all.responses[i] = responses_[i].value();
  all.accept_failures = accept_failures_.value();
  all.connections = connections();
  all.strangers = strangers_.load(std::memory_order_relaxed);
  all.bytes_in_flight = budget.used();
  return all;
}

void Shared::connection_opened() {
  connections_.fetch_add(1, std::memory_order_relaxed);
  alive_.fetch_add(1, std::memory_order_relaxed);
}

void Shared::connection_closed() {
  connections_.fetch_sub(1, std::memory_order_relaxed);
  end_one();
}

void Shared::websocket_opened() {
  alive_.fetch_add(1, std::memory_order_relaxed);
}
void Shared::websocket_closed() {
  end_one();
}

void Shared::end_one() {
  if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    // The lock, so that the last one cannot slip between a waiter's look and its sleep.
    std::lock_guard lock(mutex_);
    none_.notify_all();
  }
}

bool Shared::wait_for_none(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, limit, [this] { return alive_.load() == 0; });
}

Guest::Guest(Loop& loop) : loop_(loop), place_(loop.guests_.size()) {
  loop_.guests_.push_back(this);
  loop_.keep_sweeping();
}

Guest::~Guest() {
  auto& guests = loop_.guests_;
  guests[place_] = guests.back();
  guests[place_]->place_ = place_;
  guests.pop_back();
}

StrangerPlace::StrangerPlace(Loop& loop, Guest& guest) : loop_(loop), guest_(&guest) {
  set_known(false);
}

void StrangerPlace::set_known(bool is_known) {
  if (is_known == !place_) return;
  auto& strangers = loop_.strangers_;
  if (is_known) {
    strangers.erase(*place_);
    place_.reset();
  } else {
    place_ = strangers.insert(strangers.end(), this);
  }
  loop_.shared().count_stranger(is_known ? -1 : 1);
}

Loop::Loop(Shared& shared, int number)
    : shared_(shared),
      sweep_interval_(interval_for(shared.options)),
      work_(io_.get_executor()),
      scratch_(64 * 1024),
      thread_([this, number] { run(number); }) {}

Loop::~Loop() {
  SYNAP_CHECK(!thread_.joinable(), "a loop is joined before it goes");
}

void Loop::run(int number) {
  begin_thread("net-" + std::to_string(number));
  bind_to_this_thread();
  io_.run();
  unbind();
}

void Loop::wake() {
  asio::post(io_, [this] { run_posted(std::unique_lock(mutex_)); });
}

void Loop::adopt(int fd, std::string peer, std::size_t tries) {
  asio::dispatch(io_, [this, fd, peer = std::move(peer), tries]() mutable {
    if (stopping_) {
      ::close(fd);
      shared_.connection_closed();
      return;
    }
    bool is_refused = false;
    if ((shared_.is_full() || shared_.is_full_of_strangers()) && !make_room()) {
      if (tries > 1) return next_->adopt(fd, std::move(peer), tries - 1);
      // All strangers are being served: then there are few of them, or all is in order.
      is_refused = shared_.is_full();
    }
    serve_socket(*this, fd, std::move(peer), is_refused);
  });
}

void Loop::give_way() {
  asio::dispatch(io_, [this] { make_room(); });
}

// Ends the connection of the stranger who has waited longest.
bool Loop::make_room() {
  for (auto* stranger : strangers_) {
    if (stranger->guest().is_at_work()) continue;
    auto& guest = stranger->guest();
    stranger->set_known(true);  // his place is free from now on, whatever is left of him
    guest.force();
    return true;
  }
  return false;
}

// Visiting a guest may end it, and others with it: the last then takes the free place. Going
// backwards, such a guest has been visited before.
template <class Visit>
void Loop::each_guest(Visit visit) {
  for (std::size_t i = guests_.size(); i-- > 0;) {
    if (i < guests_.size()) visit(*guests_[i]);
  }
}

void Loop::begin_stop() {
  asio::post(io_, [this] {
    stopping_ = true;
    each_guest([](Guest& guest) { guest.begin_stop(); });
  });
}

void Loop::force() {
  asio::post(io_, [this] { each_guest([](Guest& guest) { guest.force(); }); });
}

void Loop::join() {
  background_.stop();
  work_.reset();
  io_.stop();
  thread_.join();
}

void Loop::keep_sweeping() {
  if (std::exchange(is_sweeping_, true)) return;
  background_.begin(sweep());
}

Task<void> Loop::sweep() {
  const auto stop = background_.token();
  while (!guests_.empty() && co_await options().world.sleep_for(sweep_interval_, stop)) {
    const auto time = now();
    each_guest([time](Guest& guest) { guest.sweep(time); });
  }
  is_sweeping_ = false;
}

std::string_view Loop::date() {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  if (now != date_second_) {
    date_second_ = now;
    date_ = http_date(now);
  }
  return date_;
}

}  // namespace synap::net
