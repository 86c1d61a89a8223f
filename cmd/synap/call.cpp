#include <iostream>
#include <iterator>
#include <memory>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"

namespace synap::cli {
namespace {

struct CallOptions {
  ClientOptions client;
  std::string procedure;
  std::string input;
};

Result<std::optional<Json>> input_of(std::string text) {
  if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
  auto json = parse_json(text);
  if (!json) return fail(Code::kBadRequest, "The input is no JSON: " + json.error().message);
  return std::optional(std::move(*json));
}

int call(const CallOptions& options) {
  const bool is_json = options.client.is_json;
  auto input = input_of(options.input);
  if (!input) return report(input.error(), is_json);
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto answer = pod->call(options.procedure, *input, [](const Json& item) {
    print_line(item.dump());
    return true;
  });
  if (!answer) return report(answer.error(), is_json);
  if (*answer) print_line((*answer)->dump());
  return kExitOk;
}

}  // namespace

Command call_command() {
  auto options = std::make_shared<CallOptions>();
  Command command{
      .words = "call",
      .docs =
          "Call a procedure of the pod and print its answer as JSON; the items of a "
          "subscription as JSON lines, until it ends.",
      .example = "synap call notes.create '{\"content\":\"# Hello\",\"tags\":[\"first\"]}'",
      .options = {{"PROCEDURE", "As notes.list.", &options->procedure, "", true},
                  {"JSON", "The input; - reads it from stdin.", &options->input}},
      .run = [options] { return call(*options); }};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
