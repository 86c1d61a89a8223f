// Registration: what an SDK says of its app when it registers: where it is served, and its
// functions. What this pod cannot do is told, not dropped: a function whose limits were ignored
// would do more than its author allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "bus/function.h"

namespace synap::inngest {

inline constexpr std::size_t kFunctionsOfAppMax = 1'000;
/// Of the whole, as JSON.
inline constexpr std::size_t kRegistrationBytesMax = 4 << 20;
inline constexpr std::size_t kSlugCharactersMax = 120;
inline constexpr std::size_t kEndpointSlugCharactersMax = 256;
inline constexpr int kRetriesMax = 20;

struct FunctionTrigger {
  std::string event;  // a name, or one with a wildcard at its end
  bus::Key condition;
};

/// A function of an app.
struct AppFunction {
  std::string slug;  // "app-hello"
  std::string name;
  std::string url;            // where it is called
  bool is_connected = false;  // by a worker that connects, and not at an address
  bool is_endpoint = false;   // it is what answers requests there (endpoints/)
  std::vector<FunctionTrigger> triggers;
  std::vector<bus::Function::Cron> schedules;
  int retries_max = 4;
  bus::Flow flow;

  /// Of one member of `functions`. kBadRequest names the function and what is wrong;
  /// kNotImplemented: what it asks for is not there yet.
  static Result<AppFunction> read(const Json& function);
};

struct Registration {
  std::string app;
  std::string url;
  std::string sdk;        // "js:v4.24.0"
  std::string framework;  // "nodejs"
  std::string version;    // of the app; empty: not said
  Json functions;         // as they were sent
  /// Of all but what changes from one call to the next: two that are the same have the same.
  std::string checksum;

  /// Of a request's body. kBadRequest and kNotImplemented as AppFunction::read, with every function
  /// that is wrong.
  static Result<Registration> read(Json body);
  /// The same, of what an app has answered when it was asked ("in-band").
  static Result<Registration> read_answer(Json body);
  /// What a worker says of an app when it connects.
  struct Connected {
    std::string app;
    std::string version;
    std::string sdk;
    std::string framework;
    Json functions;
  };
  static Result<Registration> read_connected(Connected said);
  /// Of endpoints, which nobody registers: `app` is where they answer.
  static Registration of_endpoints(std::string app, std::string sdk, Json functions);
};

/// Of a function that is an endpoint: "https://shop.example GET /buy". No other's id is one.
bool is_endpoint_slug(std::string_view text);

/// Instead of an address, of an app whose workers connect: "wss://connect/<app>".
bool is_connect_url(std::string_view url);

/// Whether `url` is one that can be called: http or https, without a user. kBadRequest.
Result<> check_url(const std::string& url);

}  // namespace synap::inngest
