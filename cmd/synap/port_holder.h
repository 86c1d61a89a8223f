// PortHolder: which process of this machine listens on a port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace synap::cli {

struct PortHolder {
  std::string pid;
  std::string program;  // "python3"
};

/// From /proc. Nothing: nobody listens there, or a process of another user does, whom we may not
/// look at.
std::optional<PortHolder> holder_of_port(std::uint16_t port);

/// As of holder_of_port().
std::string who_has(const std::optional<PortHolder>& holder);
/// "python3, pid 4711, has it", or "another process has it".
std::string who_has(std::uint16_t port);

}  // namespace synap::cli
