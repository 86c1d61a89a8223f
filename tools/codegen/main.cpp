// synap_codegen: writes the generated half of the TypeScript client, or says that it is stale.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "client_files.h"
#include "pod/description.h"

namespace {

using synap::codegen::File;

constexpr int kFailure = 1;
constexpr int kUsage = 2;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return file.good();
}

std::string_view line_at(std::string_view text, std::size_t at) {
  const auto begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

// Where the two part, with the line of each.
void print_difference(const std::string& path, std::string_view there, std::string_view now) {
  std::size_t at = 0;
  std::size_t line = 1;
  while (at < there.size() && at < now.size() && there[at] == now[at]) {
    if (there[at] == '\n') ++line;
    ++at;
  }
  fmt::print(stderr, "synap_codegen: {}:{} is stale\n  there: {}\n  now:   {}\n", path, line,
             line_at(there, at), line_at(now, at));
}

int write(const std::string& folder, const std::vector<File>& files) {
  for (const auto& file : files) {
    const auto path = folder + "/" + file.name;
    if (write_file(path, file.text)) continue;
    fmt::print(stderr, "synap_codegen: {} cannot be written\n", path);
    return kFailure;
  }
  return 0;
}

int check(const std::string& folder, const std::vector<File>& files) {
  bool is_current = true;
  for (const auto& file : files) {
    const auto path = folder + "/" + file.name;
    const auto there = read_file(path);
    if (there == file.text) continue;
    is_current = false;
    if (there) {
      print_difference(path, *there, file.text);
    } else {
      fmt::print(stderr, "synap_codegen: {} is missing\n", path);
    }
  }
  if (is_current) return 0;
  fmt::print(stderr, "synap_codegen: to write it again: synap_codegen --out {}\n", folder);
  return kFailure;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[1] : "";
  if (mode != "--out" && mode != "--check") {
    fmt::print(stderr, "usage: synap_codegen --out DIR | --check DIR\n");
    return kUsage;
  }
  const synap::pod::Description description;
  const auto files = synap::codegen::client_files(description.procedures(), description.types());
  return mode == "--out" ? write(argv[2], files) : check(argv[2], files);
}
