// HttpRequest: a request that an app has answered with an endpoint that has steps: what a run of
// that endpoint is for. It is the data of the event inngest/http.request, which only the pod
// appends, where an app makes such a run (endpoint_runs.h).
#pragma once

#include <string>

#include "base/json.h"
#include "base/status.h"
#include "events/types.h"

namespace synap::inngest {

struct HttpRequest {
  std::string domain;  // "https://shop.example"
  std::string method;  // "GET"
  std::string path;    // "/buy"
  std::string ip;
  std::string content_type;
  std::string query_params;  // without its '?'
  std::string body;
  std::string fn;  // the id that its author gave the endpoint; empty: none

  /// Of the event's data, as an SDK sends them. kBadRequest: nobody could make this request again.
  static Result<HttpRequest> read(const Json& data);
  /// Where it went.
  std::string url() const;
  /// What the endpoint is called at its domain: "GET /buy", or its id.
  std::string name() const;
};
const ObjectSchema<HttpRequest>& describe(Type<HttpRequest>);

inline constexpr events::EventType<HttpRequest> kHttpRequest{.name = "inngest/http.request",
                                                             .needs_aggregate = false};

}  // namespace synap::inngest
