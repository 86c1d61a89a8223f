// PodClient: calls the procedures of a pod, wherever it runs. One thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "synap/command_line.h"
#include "synap/http.h"

namespace synap::cli {

struct PodAndKey;

struct ClientOptions {
  std::string url;      // empty: not given
  std::string context;  // empty: not given
  std::optional<std::string> key;
  std::string key_origin = "--key";  // where `key` came from, for errors
  std::string data;
  bool is_json = false;
};
/// The options that every command has which talks to a pod.
std::vector<Option> client_options(ClientOptions& options);
/// The data directory that is meant.
std::string data_of(const ClientOptions& options);

/// One item of a subscription. False: enough. May make calls of its own.
using OnItem = std::function<bool(Json item)>;

class PodClient {
 public:
  /// The pod and the key are the given ones, those of a context, or those that the data
  /// directory has in synap.url and owner.key (key_source.h). kBadRequest: what is given is wrong.
  static Result<PodClient> make(const ClientOptions& options);
  PodClient(PodClient&&) = default;

  /// All calls: kServiceUnavailable with is_unreachable() if no pod answers; otherwise what the pod
  /// says. A validation failure is one sentence, with {"issues":[…]} as details. What can be a
  /// mistake of where or with which key (nobody answers, no pod does, the key is refused) says
  /// both.
  /// An answer that is not like one of the procedure's counts as nobody's pod (answer_shape.h). A
  /// mutation has an idempotency key of its own where the pod keeps them, and is sent once more by
  /// the same key if its connection is lost before its answer.
  Result<Json> query(std::string_view path, const Json& input);
  Result<Json> mutate(std::string_view path, const Json& input,
                      std::string_view idempotency_key = "");
  /// One query for several inputs: an answer for each, in their order.
  Result<std::vector<Result<Json>>> query_batch(std::string_view path,
                                                const std::vector<Json>& inputs);
  /// Several mutations in one request, carried out in no order: an answer for each, in theirs.
  struct Mutation {
    std::string_view path;
    Json input;
  };
  Result<std::vector<Result<Json>>> mutate_batch(std::vector<Mutation> mutations);

  /// Calls a procedure of any kind. The items of a subscription go to `on_item`, and there is no
  /// answer then.
  Result<std::optional<Json>> call(std::string_view path, const std::optional<Json>& input,
                                   const OnItem& on_item);

  /// Reads a subscription from behind `last_id` (empty: from now on) until there is an end. True:
  /// it was the subscription's own, or enough; false: the stream broke off, and `last_id` is where
  /// to go on. `on_connected`: the pod has taken it, whether or not there is an item yet.
  Result<bool> subscribe(std::string_view path, const std::optional<Json>& input,
                         std::string& last_id, const OnItem& on_item,
                         const std::function<void()>& on_connected = nullptr);

  /// A page of this pod besides the procedures: "/ready".
  Result<HttpResponse> get(std::string_view page);
  /// True: what answers speaks a pod's language, whatever it says of a procedure that none has.
  bool is_pod();

  /// Whether the pod knows the key, which then is good, whatever it may do. False: it is one of few
  /// scopes. kUnauthorized: it does not.
  Result<bool> try_key();

  /// The last position of the log.
  Result<std::int64_t> end_of_log();

  /// How long a pod may be silent before it counts as gone; 45 s.
  void set_silence_max(std::chrono::seconds limit) { http_->set_silence_max(limit); }
  /// When every call ends, as if nobody answered; never.
  void set_deadline(SteadyClock::time_point deadline) { http_->set_deadline(deadline); }

  /// The event because of which mutations are called from now on; empty: none.
  void set_cause(std::string event_id) { caused_by_ = std::move(event_id); }

  /// Why mutations are called from now on: kept with what is only proposed. Empty: nobody says.
  void set_reason(std::string reason) { reason_ = std::move(reason); }

  const std::string& url() const { return url_; }

 private:
  // A key and where it is from, as people are told.
  struct Key {
    std::string text;
    std::string origin;
  };
  explicit PodClient(PodAndKey found);
  outbound::Request request(std::string_view method, std::string_view path) const;
  // A query or subscription, by the way that its length asks for. `input`: JSON text, or nothing.
  Result<HttpResponse> ask(std::string_view path, std::string input,
                           const std::function<bool(std::string_view)>& on_event_bytes = {});
  Result<HttpResponse> send(const outbound::Request& request,
                            const std::function<bool(std::string_view)>& on_event_bytes = {});
  // Of the procedures that were asked, whose answers they must be like.
  Result<Json> answer_of(const HttpResponse& response, std::string_view path) const;
  Result<std::vector<Result<Json>>> answers_of(const HttpResponse& response,
                                               const std::vector<std::string_view>& paths) const;
  Error with_place(Error error) const;
  Result<bool> is_mutation(std::string_view path);

  std::string url_;
  Key key_;
  std::string advice_;  // where there is no key
  std::string caused_by_;
  std::string reason_;
  std::unique_ptr<HttpClient> http_;
};

/// True if the same call may succeed later as it is: nobody answered, or the pod was too busy.
bool is_passing(const Error& error);
bool is_unreachable(const Error& error);

}  // namespace synap::cli
