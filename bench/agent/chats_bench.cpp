// Chats of a pod that a provider answers slowly: thousands of tokens a second from it through the
// pod to those who watch, of whom some do not read. Provider and clients are this process, a thread
// each; the pod is another one. Prints one line of JSON; the exit code is 1 if a token was lost or
// a chat has not ended as it should.
//
//   chats_bench --url URL --pid PID --keys FILE --port PORT --chats N --seconds N
//               --stalled PERCENT --fault none|loss|swap
//   chats_bench --words BYTES --seed N        prints words such as the messages are made of
//
// PID is the pod's, whose memory and processor time are told; PORT is where the pod finds the
// provider; the file has a key in each line.
#include <fmt/format.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <string>

#include "chat_clients.h"
#include "chat_provider.h"

namespace {

using namespace synap::bench;

// A line of /proc/PID/status, in kB.
double status_of(const std::string& pid, const std::string& name) {
  std::ifstream status("/proc/" + pid + "/status");
  std::string word;
  double value = 0;
  while (status >> word) {
    if (word == name) status >> value;
  }
  return value;
}

double processor_seconds(const std::string& pid) {
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string word;
  double ticks = 0;
  for (int i = 1; i <= 15 && stat >> word; ++i) {
    if (i >= 14) ticks += std::atof(word.c_str());
  }
  return ticks / 100;
}

double own_processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string told(std::string_view name, Latencies times) {
  if (times.count() == 0) return "";
  return fmt::format(R"(,"{0}_p50_ms":{1:.2f},"{0}_p99_ms":{2:.2f},"{0}_max_ms":{3:.1f})", name,
                     times.percentile_ms(0.5), times.percentile_ms(0.99), times.max_ms());
}

int measure(std::map<std::string, std::string>& flags) {
  const auto number = [&](const char* flag, int standard) {
    return flags.contains(flag) ? std::atoi(flags[flag].c_str()) : standard;
  };
  ChatPlan plan{.chats = number("--chats", 1'000), .seconds = number("--seconds", 60)};
  if (flags["--fault"] == "loss") plan.fault = ChatPlan::Fault::kLoss;
  if (flags["--fault"] == "swap") plan.fault = ChatPlan::Fault::kSwap;
  ClientOptions options{.address = parse_address(flags["--url"]),
                        .chats = plan.chats,
                        .stalled_per_cent = number("--stalled", 10),
                        .tokens = plan.tokens()};
  std::ifstream keys(flags["--keys"]);
  for (std::string key; std::getline(keys, key);) options.keys.push_back(key);
  const auto pid = flags["--pid"];
  ChatProvider provider(static_cast<std::uint16_t>(number("--port", 0)), plan);
  ChatClients clients(options, provider);
  const double before = status_of(pid, "VmRSS:") / 1024;
  double peak = before;
  double own = 0;
  double of_pod = 0;
  double of_provider = 0;
  Nanoseconds began = 0;
  clients.watch((plan.seconds + 90) * kNanosecondsPerSecond, [&] {
    peak = std::max(peak, status_of(pid, "VmRSS:") / 1024);
    if (began != 0 || provider.asked() < plan.chats) return;
    began = now();
    own = own_processor_seconds();
    of_pod = processor_seconds(pid);
    of_provider = provider.processor_seconds();
  });
  const double took = static_cast<double>(now() - began) / 1e9;
  const auto share = [took](double seconds) { return seconds / took * 100; };
  own = share(own_processor_seconds() - own);
  of_pod = share(processor_seconds(pid) - of_pod);
  of_provider = share(provider.processor_seconds() - of_provider);
  clients.let_stalled_read(30 * kNanosecondsPerSecond);
  const auto report = clients.report();
  const bool is_right =
      report.whole == report.kept_up && report.failed == 0 && report.all_states == plan.chats;
  fmt::print(
      R"({{"kept_up":{},"whole":{},"lost":{},"reordered":{},"repeated":{},"stalled":{},)"
      R"("late_whole":{},"all_states":{},"failed":{},"rss_before_mb":{:.1f},"rss_peak_mb":{:.1f},)"
      R"("rss_rise_mb":{:.1f},"tokens":{},"seconds":{:.1f},"pod_cpu_percent":{:.0f},)"
      R"("provider_cpu_percent":{:.0f},"clients_cpu_percent":{:.0f}{}{}{}{}}})"
      "\n",
      report.kept_up, report.whole, report.lost, report.reordered, report.repeated, report.stalled,
      report.late_whole, report.all_states, report.failed, before, peak, peak - before,
      clients.token_times().count(), took, of_pod, of_provider, own,
      told("token", clients.token_times()), told("commit", clients.commit_times()),
      told("begin", clients.begin_times()), told("search", clients.search_times()));
  return is_right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  try {
    if (flags.contains("--words")) {
      const auto seed = static_cast<std::uint32_t>(std::atoi(flags["--seed"].c_str()));
      fmt::print("{}\n",
                 words(static_cast<std::size_t>(std::atoi(flags["--words"].c_str())), seed));
      return 0;
    }
    return measure(flags);
  } catch (const std::exception& error) {
    fmt::print(stderr, "chats_bench: {}\n", error.what());
    return 1;
  }
}
