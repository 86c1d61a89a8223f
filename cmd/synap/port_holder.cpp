#include "synap/port_holder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace synap::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kListening = "0A";  // TCP_LISTEN of include/net/tcp_states.h

// The socket of a line of /proc/net/tcp that listens on the port, as descriptors name it.
//   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
std::optional<std::string> socket_of(const std::string& line, std::uint16_t port) {
  std::istringstream columns(line);
  std::vector<std::string> words;
  for (std::string word; columns >> word;) words.push_back(word);
  if (words.size() < 10 || words[3] != kListening) return std::nullopt;
  const auto colon = words[1].rfind(':');
  unsigned found = 0;
  if (colon == std::string::npos) return std::nullopt;
  std::from_chars(words[1].data() + colon + 1, words[1].data() + words[1].size(), found, 16);
  if (found != port) return std::nullopt;
  return "socket:[" + words[9] + "]";
}

std::set<std::string> sockets_of(std::uint16_t port) {
  std::set<std::string> sockets;
  for (const auto* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (auto socket = socket_of(line, port)) sockets.insert(std::move(*socket));
    }
  }
  return sockets;
}

bool has_one(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code failed;
  for (fs::directory_iterator at(process / "fd", failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    std::error_code unreadable;
    if (sockets.contains(fs::read_symlink(at->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

std::optional<PortHolder> holder_of_port(std::uint16_t port) {
  const auto sockets = sockets_of(port);
  if (sockets.empty()) return std::nullopt;
  std::error_code failed;
  for (fs::directory_iterator at("/proc", failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    const auto pid = at->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!has_one(at->path(), sockets)) continue;
    std::ifstream name(at->path() / "comm");
    PortHolder holder{.pid = pid, .program = ""};
    std::getline(name, holder.program);
    return holder;
  }
  return std::nullopt;
}

std::string who_has(const std::optional<PortHolder>& holder) {
  if (!holder) return "another process has it";
  return fmt::format("{}, pid {}, has it", holder->program, holder->pid);
}

std::string who_has(std::uint16_t port) {
  return who_has(holder_of_port(port));
}

}  // namespace synap::cli
