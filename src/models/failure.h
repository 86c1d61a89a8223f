// Failure: why one request to a provider came to nothing, and what can be done about it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "models/decoder.h"
#include "models/provider.h"
#include "outbound/http.h"

namespace synap::models {

/// The error is for whoever called: which provider, its status, its own sentence (bounded, without
/// the key) and its request's id. details: {"reason","provider","status","requestId"}.
struct Failure {
  Error error;
  std::string reason;  // "MODEL_RATE_LIMITED": what stands in the event
  /// The same provider may do better in a moment.
  bool is_transient = false;
  /// How long it wants to be left alone.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  int status = 0;  // of HTTP; 0: there was none
};

/// Of an answer with an error's status. `unix_ms`: now, for a Retry-After that is a date.
Failure failure_of_status(const Provider& provider, const outbound::Head& head,
                          std::string_view body, std::int64_t unix_ms);
/// Of what a provider says within its stream.
Failure failure_of_complaint(const Provider& provider, const outbound::Head& head,
                             const Complaint& complaint);
/// Of an answer that cannot be read as one.
Failure failure_of_answer(const Provider& provider, const outbound::Head& head, const Error& error);
/// Of a connection that failed.
Failure failure_of_transfer(const Provider& provider, const outbound::Head* head,
                            const Error& error);
/// Of a stream that ended before its answer did.
Failure failure_of_cut(const Provider& provider, const outbound::Head& head, std::string_view what);

/// `text` without the key, whole or shortened by whoever repeats it, and without anything that
/// looks like one; 500 bytes of it at most.
std::string redacted(std::string_view text, std::string_view key);

/// Of the headers retry-after-ms and Retry-After.
std::optional<std::chrono::milliseconds> retry_after_of(const outbound::Headers& headers,
                                                        std::int64_t unix_ms);

/// The provider's id of the request; empty: it gives none.
std::string request_id_of(const outbound::Headers& headers);

}  // namespace synap::models
