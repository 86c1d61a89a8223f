// The functions of an app that has endpoints, as a registration would have them: such an app
// registers none, and what there is of them follows from its requests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::inngest {

/// That have names of their own; what is more has one name together.
inline constexpr std::size_t kEndpointsOfAppMax = 100;

/// Of what answers at `origin` as `name`: "GET /buy".
std::string endpoint_slug(std::string_view origin, std::string_view name);

struct EndpointFunctions {
  Json all;
  std::string slug;  // of the one that was asked for
};
/// `present` and the endpoint of this slug, with as many retries as anybody has ever asked for: two
/// versions of an app that answer side by side, and want different ones, change nothing by turns.
EndpointFunctions with_endpoint(Json present, std::string_view origin, std::string_view slug,
                                int retries_max);

}  // namespace synap::inngest
