#include "inngest/endpoints/endpoint_functions.h"

#include <fmt/format.h>

#include <algorithm>

#include "inngest/registration.h"

namespace synap::inngest {
namespace {

// Of endpoints beyond kEndpointsOfAppMax, whose paths have ids in them, mostly.
constexpr std::string_view kOtherEndpoints = "*";
constexpr int kOtherRetriesMax = 3;

// As a registration would have it.
Json endpoint_function(std::string_view origin, std::string_view slug, int retries_max) {
  const Json step =
      Json::object({{"id", "step"},
                    {"name", "step"},
                    {"runtime", Json::object({{"type", "endpoint"}, {"url", origin}})},
                    {"retries", Json::object({{"attempts", std::int64_t{retries_max}}})}});
  return Json::object({{"id", slug},
                       {"name", slug.substr(origin.size() + 1)},
                       {"triggers", Json::array()},
                       {"steps", Json::object({{"step", step}})}});
}

}  // namespace

// What no slug may have is written as in URLs.
std::string endpoint_slug(std::string_view origin, std::string_view name) {
  std::string slug(origin);
  slug.push_back(' ');
  for (const char c : name) {
    if (c >= ' ' && c <= '~' && c != '@') {
      slug.push_back(c);
    } else {
      slug += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return slug.size() <= kEndpointSlugCharactersMax ? slug : endpoint_slug(origin, kOtherEndpoints);
}

EndpointFunctions with_endpoint(Json present, std::string_view origin, std::string_view slug,
                                int retries_max) {
  EndpointFunctions made{std::move(present), std::string(slug)};
  auto& all = made.all.as_array();
  const auto has = [&](const Json& function) { return function.string_or("id", "") == made.slug; };
  auto at = std::ranges::find_if(all, has);
  if (at == all.end() && all.size() >= kEndpointsOfAppMax) {
    made.slug = endpoint_slug(origin, kOtherEndpoints);
    retries_max = kOtherRetriesMax;
    at = std::ranges::find_if(all, has);
  }
  if (at != all.end()) {
    const auto function = AppFunction::read(*at);
    if (function) retries_max = std::max(retries_max, function->retries_max);
    all.erase(at);
  }
  all.push_back(endpoint_function(origin, made.slug, retries_max));
  return made;
}

}  // namespace synap::inngest
