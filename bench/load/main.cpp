// synap_load: posts notes to a server on this machine and measures it.
#include <fmt/format.h>

#include <exception>
#include <stdexcept>

#include "modes.h"

namespace {

synap::bench::Report run(const synap::bench::Options& options) {
  switch (options.mode) {
    case synap::bench::Mode::kCreate:
      return run_create(options);
    case synap::bench::Mode::kFlood:
      return run_flood(options);
    case synap::bench::Mode::kPaced:
      return run_paced(options);
  }
  throw std::logic_error("unknown mode");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = synap::bench::parse_options(argc, argv);
    if (options.wants_help) {
      fmt::print("{}", synap::bench::kUsage);
      return 0;
    }
    const auto report = run(options);
    fmt::print("{}", options.writes_json ? report.to_json() : report.to_table());
    return report.has_failed() ? 1 : 0;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "synap_load: {}\n\n{}", error.what(), synap::bench::kUsage);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "synap_load: {}\n", error.what());
    return 1;
  }
}
