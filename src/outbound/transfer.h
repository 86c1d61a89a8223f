// Transfer: one request on its way, from redirect to redirect, to its end. Private to the room; the
// only header that shows libcurl, with engine.h.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "outbound/client.h"
#include "outbound/mailbox.h"
#include "outbound/url.h"

namespace synap::outbound {

/// What all transfers of a client share. Never changes.
struct Setup {
  Policy policy;
  ClientOptions options;
};

/// Is made by a coroutine, then belongs to the engine's thread; only its mailbox is for both.
class Transfer {
 public:
  /// kBadRequest: the request is none. kForbidden: `policy` has no such destination.
  static Result<std::shared_ptr<Transfer>> make(Request request, const Options& options,
                                                Mailbox::Delivery delivery, const Policy& policy);
  Transfer(Url url, Request request, const Options& options, Mailbox::Delivery delivery);

  Mailbox& mailbox() { return mailbox_; }

  // The engine's thread only:

  SteadyClock::time_point deadline() const { return deadline_; }
  /// As much memory as it may take.
  std::uint64_t bytes_max() const { return bytes_max_; }
  std::uint64_t body_bytes() const { return request_.sent_body().size(); }
  std::string origin() const { return url_.origin(); }
  /// Before any redirect.
  const std::string& asked_origin() const { return asked_origin_; }

  /// A handle that is ready to be performed: for the request, or for where a redirect led.
  CURL* begin_hop(const Setup& setup);
  /// The handle was performed. Nothing: there is another hop to begin; otherwise all is over.
  std::optional<Result<>> end_hop(CURLcode code);
  /// The handle of the hop that was begun, or null.
  CURL* handle() const { return handle_.get(); }
  void drop_handle();

 private:
  struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_send(void* self, char* peer, char* own, int peer_port, int own_port);

  bool is_for_events() const;
  bool may_be_sent_again() const;
  void set_method_and_body();
  void set_headers();
  bool receive_header(std::string_view line);
  void end_head();
  std::size_t receive_body(std::string_view bytes);
  std::optional<Result<>> follow();
  void become_get();
  void let_go_of_body();
  Error error_of(CURLcode code) const;

  Mailbox mailbox_;
  Url url_;
  const std::string asked_origin_ = url_.origin();
  Request request_;
  const SteadyClock::time_point deadline_;
  const std::uint64_t response_bytes_max_;
  const std::uint64_t bytes_max_;
  const std::chrono::seconds silence_max_;
  const int redirects_max_;
  const Setup* setup_ = nullptr;
  int redirects_ = 0;

  // Of the present hop:
  std::unique_ptr<CURL, FreeHandle> handle_;
  std::unique_ptr<curl_slist, FreeList> header_list_;
  Head head_;
  std::size_t header_bytes_ = 0;
  bool has_head_ = false;
  std::optional<std::string> location_;  // where a redirect to follow leads
  bool is_sent_ = false;                 // a request of this hop was, or is about to be
  bool is_cut_ = false;                  // the rest of a redirect's body was not read
  std::uint64_t bytes_ = 0;
  std::optional<Error> failure_;  // ours: what made us break the hop off
  std::optional<Error> refusal_;  // by the policy; another address of the host may be allowed
};

}  // namespace synap::outbound
