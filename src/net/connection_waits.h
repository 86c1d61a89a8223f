// Connection's awaitables: what its coroutines wait in for the socket. Private to the room.
//
// A coroutine that is destroyed while it waits is forgotten here, by `reader_` or `writer_`. It is
// resumed from the loop's own calls, never posted, so nothing else can still know it.
#pragma once

#include <coroutine>
#include <utility>

#include "net/connection.h"

namespace synap::net {

/// Until there are new bytes (true), or will be none (false).
class Connection::More {
 public:
  explicit More(Connection& connection) : c_(connection) {}
  ~More() {
    if (self_ && c_.reader_ == self_) c_.reader_ = {};
  }
  bool await_ready() const {
    return c_.is_fresh_ || c_.is_over() || (c_.loop_.is_stopping() && c_.phase_ == Phase::kIdle);
  }
  void await_suspend(std::coroutine_handle<> self) {
    c_.reader_ = self_ = self;
    c_.keep_reading();
  }
  bool await_resume() const { return std::exchange(c_.is_fresh_, false); }

 private:
  Connection& c_;
  std::coroutine_handle<> self_;
};

/// Until the socket has taken all (true) or cannot (false).
class Connection::Send {
 public:
  explicit Send(Connection& connection) : c_(connection) {}
  // What it was sending goes with it, and nothing can follow the half of it that is sent.
  ~Send() {
    if (!self_ || c_.writer_ != self_) return;
    c_.writer_ = {};
    c_.write_deadline_ = kNever;
    c_.is_broken_ = true;
    c_.gone_.request_stop();
  }
  bool await_ready() { return c_.is_broken_ || c_.send_some(); }
  void await_suspend(std::coroutine_handle<> self) {
    c_.writer_ = self_ = self;
    c_.renew_write_deadline(c_.loop_.now());
    c_.wait_writable();
  }
  bool await_resume() {
    c_.write_deadline_ = kNever;
    return !c_.is_broken_;
  }

 private:
  Connection& c_;
  std::coroutine_handle<> self_;
};

}  // namespace synap::net
