// Router: which workers are connected, and which of them carries out a call.
//
// A request goes to the worker of its user and app that knows the function and has the most places
// free; where all are taken it waits for one, in the order of asking. It ends in one of these:
//
//   the worker                     the request
//   answers                        has this answer; whatever else is answered to it counts no more
//   does not say that it has it    is lost: another is asked, if there is one that is not as silent
//   its connection ends            is lost, if it had not said that it has it. Otherwise the worker
//                                  has some seconds to be back, by another connection, and go on or
//                                  answer (REPLY, or the route /v0/connect/flush)
//   extends its lease no more      is lost; after several such losses in a row of one run an
//   attempt
//                                  of it has failed, since it may be what they died of
//   there is none                  waits some seconds for one, and then is an outage
//
// Whoever asked for what is lost asks anew (Transport::ask): the worker may have stored steps while
// it had the request, and the next must be told of them.
//
// Any thread. What a worker is sent is put into its outbox, from where its session (session.h)
// takes it.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/timer.h"
#include "base/world.h"
#include "inngest/connect/messages.h"
#include "inngest/transport.h"

namespace synap::inngest {

struct RouterOptions {
  World& world = real_world();
  std::chrono::milliseconds patience{5'000};     // for a worker, where there is none
  std::chrono::milliseconds ack_max{5'000};      // from when a request was sent
  std::chrono::milliseconds lease{40'000};       // without being extended
  std::chrono::milliseconds return_max{15'000};  // of a worker whose connection has ended
  std::chrono::milliseconds call_max{std::chrono::hours(2)};
  int losses_max = 3;
  std::size_t connections_of_user_max = 256;
};

/// What a function's call is to a router.
struct WorkerCall {
  std::string user_id;
  std::string app;
  std::string slug;
  std::string function_id;  // as apps are told it
  AppRequest request;
};

/// A connection of a worker. Its session and the router have it in common.
struct Worker {
  std::string connection_id;
  std::string user_id;
  std::map<std::string, std::set<std::string>> apps;  // the slugs of each
  std::size_t places_max = 1'000;

 private:
  friend class Router;
  struct Request;
  // All of these under the router's lock.
  bool is_ready = false;
  bool is_gone = false;
  bool is_silent = false;  // it has not said that it has what it was sent last
  std::set<std::shared_ptr<Request>> assigned;
  std::deque<std::string> said;  // small messages
  std::deque<std::shared_ptr<Request>> requests;
  Watermark put;    // how many of both there ever were
  Watermark taken;  // of `said`, how many
  std::int64_t put_count = 0;
  std::int64_t said_count = 0;
  std::int64_t taken_count = 0;
};
using WorkerPtr = std::shared_ptr<Worker>;

class Router {
 public:
  explicit Router(RouterOptions options) : options_(options) {}
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  const RouterOptions& options() const { return options_; }
  /// Whether the user has as many connections as are allowed.
  bool is_full(const std::string& user_id) const;
  /// How many workers of an app are connected, of those that take requests.
  std::size_t count(const std::string& user_id, const std::string& app) const;

  /// What transports ask. As Transport::ask.
  Task<Result<outbound::Response>> ask(WorkerCall call);

  // Of sessions:
  /// It takes no requests before set_ready(). kTooManyRequests; kConflict: there is this id.
  Result<> add(const WorkerPtr& worker);
  void set_ready(const WorkerPtr& worker, bool is_ready);
  void remove(const WorkerPtr& worker);
  /// Nothing that it has been sent is still to be answered.
  bool is_idle(const WorkerPtr& worker) const;
  void note_ack(const WorkerPtr& worker, std::string_view request_id);
  /// The lease id, if the request is still this worker's, by this connection or one before; or
  /// empty.
  std::string extend(const WorkerPtr& worker, const LeaseExtension& lease);
  /// Of the user's, over whichever connection; also one that nobody waits for any more.
  void take_reply(const std::string& user_id, const WorkerReply& reply);

  /// Puts a small message into the worker's outbox.
  void say(const WorkerPtr& worker, std::string message);
  /// Waits until no more than so many small messages are in it, or it has ended.
  Task<void> wait_for_room(WorkerPtr worker, std::int64_t messages_max);
  struct Outgoing {
    std::string bytes;
    std::string request_id;  // empty: it is no request
  };
  /// The next message to be written; nothing: the connection has ended.
  Task<std::optional<Outgoing>> next_message(WorkerPtr worker);
  /// It was written.
  void note_sent(const WorkerPtr& worker, const std::string& request_id);

 private:
  using Request = Worker::Request;
  using RequestPtr = std::shared_ptr<Request>;
  using AppKey = std::pair<std::string, std::string>;  // user, app
  class Entered;

  void tend(const RequestPtr& request, SteadyClock::time_point now);
  SteadyClock::time_point due_of(const Request& request) const;
  static std::size_t free_of(const Worker& worker);
  bool place(const RequestPtr& request);
  std::vector<WorkerPtr> candidates(const Request& request) const;
  void assign(const RequestPtr& request, const WorkerPtr& worker);
  void take_away(const RequestPtr& request);
  void fill(const WorkerPtr& worker);
  void wake_waiting(const Worker& worker);
  void note_silence(Request& request);
  void note_loss(Request& request);
  void wake(Request& request);
  void note_put(Worker& worker);
  RequestPtr find(const std::string& user_id, std::string_view request_id) const;

  const RouterOptions options_;
  mutable std::mutex mutex_;
  std::map<AppKey, std::vector<WorkerPtr>> workers_;
  std::unordered_map<std::string, WorkerPtr> connections_;  // by id
  std::map<std::string, std::size_t> connections_of_;       // of a user
  std::unordered_map<std::string, RequestPtr> requests_;    // by id, those that are asked
  std::map<AppKey, std::map<std::int64_t, RequestPtr>> waiting_;
  std::int64_t asked_count_ = 0;
  std::unordered_map<Uuid, int> losses_;  // of runs, in a row
};

}  // namespace synap::inngest
