#include "options.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace synap::bench {

const std::string_view kUsage =
    R"(synap_load MODE --url http://127.0.0.1:PORT [options]

Posts notes to a server on this machine and measures it. All but create speak tRPC.

  create   N connections post as fast as they are answered: requests a second, latency
  flood    posts a fixed number of notes and waits for every completion over the WebSocket
  paced    posts at a fixed rate; from the intended send time to the completion

  --url URL          the server; tRPC at /trpc, WebSocket at the same path
  --token TOKEN      bearer token, and connectionParams.token of the WebSocket
  --connections N    concurrent connections (default 64)
  --content BYTES    size of a note's text (default 1024)
  --path PATH        create: where to post (default /trpc/notes.create)
  --body JSON        create: what to post, the text at {text} (default {"content":"{text}"})
  --duration S       create, paced: measured seconds (default 5)
  --warmup S         create, paced: seconds before, not counted (default 1)
  --notes N          flood: how many (default 5000)
  --rate R           paced: notes a second (default 20)
  --timeout S        flood, paced: for completions after the last post (default 60)
  --json             one line of JSON

Exit code: 0 ok, 1 a request or completion failed, 2 usage.
)";

namespace {

// Bounds keep a mistyped option from flooding the machine.
double parse_number(std::string_view name, std::string_view text, double low, double high) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < low || number > high)
    throw std::invalid_argument(fmt::format("{} must be a number from {} to {}", name, low, high));
  return number;
}

std::size_t parse_count(std::string_view name, std::string_view text, double low, double high) {
  return static_cast<std::size_t>(parse_number(name, text, low, high));
}

std::string parse_path(std::string_view text) {
  const bool has_other = text.find_first_of(" \r\n") != std::string_view::npos;
  if (!text.starts_with('/') || has_other)
    throw std::invalid_argument("--path must start with / and hold no spaces");
  return std::string(text);
}

std::string parse_body(std::string_view text) {
  const auto at = text.find(kTextMark);
  if (at == std::string_view::npos || text.find(kTextMark, at + 1) != std::string_view::npos)
    throw std::invalid_argument(fmt::format("--body must hold {} once", kTextMark));
  return std::string(text);
}

Mode parse_mode(std::string_view text) {
  if (text == "create") return Mode::kCreate;
  if (text == "flood") return Mode::kFlood;
  if (text == "paced") return Mode::kPaced;
  throw std::invalid_argument("the mode is one of create, flood, paced");
}

void set_option(Options& options, std::string_view name, std::string_view value) {
  if (name == "--url")
    options.address = parse_address(value);
  else if (name == "--token")
    options.token = value;
  else if (name == "--connections")
    options.connections = parse_count(name, value, 1, 4096);
  else if (name == "--content")
    options.content_size = parse_count(name, value, 64, 1 << 20);
  else if (name == "--path")
    options.shape.path = parse_path(value);
  else if (name == "--body")
    options.shape.body = parse_body(value);
  else if (name == "--duration")
    options.duration_seconds = parse_number(name, value, 0.1, 600);
  else if (name == "--warmup")
    options.warmup_seconds = parse_number(name, value, 0, 60);
  else if (name == "--notes")
    options.notes = parse_count(name, value, 1, 2'000'000);
  else if (name == "--rate")
    options.rate_per_second = parse_number(name, value, 0.1, 100'000);
  else if (name == "--timeout")
    options.timeout_seconds = parse_number(name, value, 1, 3600);
  else
    throw std::invalid_argument(fmt::format("unknown option {}", name));
}

}  // namespace

Options parse_options(int count, char** arguments) {
  Options options;
  bool has_mode = false;
  bool has_shape = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      options.wants_help = true;
      return options;
    }
    if (argument == "--json") {
      options.writes_json = true;
    } else if (argument.starts_with("--")) {
      if (++i == count) throw std::invalid_argument(fmt::format("{} needs a value", argument));
      set_option(options, argument, arguments[i]);
      has_shape = has_shape || argument == "--path" || argument == "--body";
    } else {
      options.mode = parse_mode(argument);
      has_mode = true;
    }
  }
  if (!has_mode) throw std::invalid_argument("no mode: create, flood or paced");
  if (options.address.port == 0) throw std::invalid_argument("--url is missing");
  // The others wait for completions, which only a pod's notes have.
  if (has_shape && options.mode != Mode::kCreate)
    throw std::invalid_argument("--path and --body are for create only");
  return options;
}

}  // namespace synap::bench
