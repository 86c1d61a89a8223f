#include "outbound/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "outbound/url.h"

namespace synap::outbound {
namespace {

std::optional<std::uint16_t> port_of(std::string_view text) {
  int port = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  if (read.ec != std::errc{} || read.ptr != end || port < 1) return std::nullopt;
  if (port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::optional<Policy::Allowed> Policy::parse(std::string_view entry) {
  if (entry.contains('/')) {
    const auto network = Network::parse(entry);
    if (!network) return std::nullopt;
    return Allowed{"", network, std::nullopt};
  }
  if (const auto address = IpAddress::parse(entry)) {
    return Allowed{"", Network{*address, 128}, std::nullopt};
  }
  auto host = entry;
  std::optional<std::uint16_t> port;
  const auto colon = entry.rfind(':');
  if (colon != std::string_view::npos && !entry.ends_with(']')) {
    port = port_of(entry.substr(colon + 1));
    if (!port) return std::nullopt;
    host = entry.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (const auto address = IpAddress::parse(host)) {
    return Allowed{"", Network{*address, 128}, port};
  }
  auto name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (!is_host(name)) return std::nullopt;
  return Allowed{std::move(name), std::nullopt, port};
}

Result<Policy> Policy::public_only(const std::vector<std::string>& allowed) {
  Policy policy(true);
  for (const auto& entry : allowed) {
    auto parsed = parse(entry);
    if (!parsed) {
      return fail(Code::kBadRequest,
                  fmt::format("outbound_allowed holds hosts (minio.lan), hosts with a port "
                              "(localhost:9000) and ranges (10.1.0.0/16); \"{}\" is none of them",
                              entry));
    }
    policy.allowed_.push_back(std::move(*parsed));
  }
  return policy;
}

Result<Policy> Policy::these_only(const std::vector<std::string>& only,
                                  const std::vector<std::string>& opened) {
  auto policy = public_only(only);
  if (!policy) return policy;
  for (auto& allowed : policy->allowed_) allowed.opens_host = false;
  auto more = public_only(opened);
  if (!more) return more;
  std::ranges::move(more->allowed_, std::back_inserter(policy->allowed_));
  policy->is_closed_ = true;
  return policy;
}

Result<> Policy::check(const Destination& destination) const {
  if (!is_closed_) return {};
  const auto address = IpAddress::parse(destination.host);
  const auto is_in = [&](const Network& network) {
    if (address) return network.contains(*address);
    return destination.host == "localhost" &&  // no other name is this machine's for certain
           (network.contains(*IpAddress::parse("127.0.0.1")) ||
            network.contains(*IpAddress::parse("::1")));
  };
  const bool is_named = std::ranges::any_of(allowed_, [&](const Allowed& allowed) {
    const bool is_port = !allowed.port || *allowed.port == destination.port;
    return is_port &&
           (allowed.network ? is_in(*allowed.network) : allowed.host == destination.host);
  });
  if (is_named) return {};
  return fail(Code::kForbidden,
              fmt::format("{}:{} is none of the places that the setting egress_allowed names, "
                          "and nothing is sent to others",
                          destination.host, destination.port));
}

bool Policy::opens(const Destination& destination, const IpAddress& peer) const {
  return std::ranges::any_of(allowed_, [&](const Allowed& allowed) {
    const bool is_port = !allowed.port || *allowed.port == destination.port;
    const bool is_place = allowed.network ? allowed.network->contains(peer)
                                          : allowed.opens_host && allowed.host == destination.host;
    return is_port && is_place;
  });
}

Result<> Policy::check(const Destination& destination, const IpAddress& peer) const {
  if (!is_guarding_) return {};
  if (auto may = check(destination); !may) return may;
  const auto use = special_use(peer);
  if (use.empty() || opens(destination, peer)) return {};
  const auto address = peer.to_string();
  const auto subject = destination.host == address
                           ? address
                           : fmt::format("{} leads to {}, which", destination.host, address);
  return fail(Code::kForbidden,
              fmt::format("{} is {}; requests go to public addresses only, unless the setting "
                          "outbound_allowed names the host, the host with its port ({}), or a "
                          "range of addresses",
                          subject, use, destination.port));
}

}  // namespace synap::outbound
