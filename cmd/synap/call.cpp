#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/json_given.h"
#include "synap/catalogue.h"
#include "synap/commands.h"
#include "synap/file.h"
#include "synap/help.h"
#include "synap/made_example.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/request.h"
#include "synap/suggestion.h"
#include "synap/table.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

// What answers nothing keeps a list that the program has itself no longer than this.
constexpr std::chrono::seconds kSilenceMax{5};

constexpr std::string_view kWatchStarted = "events.watch.started";

struct CallOptions {
  ClientOptions client;
  std::string procedure;
  std::string input;
  std::string caused_by = {};
  std::string reason = {};
  Waiting waiting = {};
};

Result<std::optional<Json>> input_of(std::string text) {
  if (text == "-") {
    auto given = read_stdin();
    if (!given) return fail(given.error());
    text = std::move(*given);
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
  auto json = parse_given_json(text);
  if (!json) {
    const auto what = parse_json(text) ? "" : "The input is no JSON: ";
    return fail(Code::kBadRequest, what + json.error().message);
  }
  return std::optional(std::move(*json));
}

// What a newer pod says of itself; this program's own catalogue where none answers.
Catalogue catalogue_of(const ClientOptions& options) {
  auto pod = PodClient::make(options);
  if (!pod) return Catalogue::own();
  pod->set_silence_max(kSilenceMax);
  const auto page = pod->get("/openapi.json");
  const auto document = page ? parse_json(page->body) : fail(page.error());
  if (!document) return Catalogue::own();
  Catalogue of_pod(*document);
  return of_pod.all().empty() ? Catalogue::own() : of_pod;
}

Json json_of(const ProcedureInfo& info) {
  Json json = Json::object({{"path", info.path}, {"kind", info.kind}, {"summary", info.summary}});
  if (!info.scope.empty()) json.set("scope", info.scope);
  return json;
}

// All of them, or those of one group.
void list(const Catalogue& catalogue, const std::string& group, bool is_json) {
  std::size_t longest = 0;
  for (const auto& info : catalogue.all()) longest = std::max(longest, info.path.size());
  std::vector<Line> lines;
  for (const auto& info : catalogue.all()) {
    if (!group.empty() && !info.path.starts_with(group + ".")) continue;
    if (is_json) {
      print_json(json_of(info));
    } else {
      lines.push_back({padded(info.path, longest + 2) + info.kind, info.summary});
    }
  }
  if (is_json) return;
  print("Procedures of a pod:\n" + columns(lines) + "\n" +
        paragraph("`synap call PROCEDURE --help` says what one takes and answers."));
}

std::string fields_text(const Json& schema) {
  std::vector<Line> lines;
  for (const auto& field : fields_of(schema)) {
    auto docs = field.type() + (field.is_required ? ", required" : "");
    if (const auto limits = field.limits(); !limits.empty()) docs += fmt::format(" ({})", limits);
    docs += field.docs.empty() ? "" : ". " + field.docs;
    lines.push_back({field.name, std::move(docs)});
  }
  return columns(lines);
}

std::string needs_of(const ProcedureInfo& info) {
  if (info.is_public) return ", needs no key";
  return info.scope.empty() ? "" : ", needs " + info.scope;
}

void explain(const ProcedureInfo& info) {
  std::string text =
      paragraph(fmt::format("{} ({}{}): {}", info.path, info.kind, needs_of(info), info.summary));
  if (!info.docs.empty()) text += paragraph(info.docs);
  const bool has_input = !fields_of(info.input).empty();
  text += fmt::format("\nUsage: synap call {}{}\n", info.path, has_input ? " JSON" : "");
  if (has_input) text += "\nInput:\n" + fields_text(info.input);
  if (const auto fields = fields_text(info.output); !fields.empty()) {
    text += fmt::format("\n{}:\n{}", info.kind == "subscription" ? "Each item" : "Answer", fields);
  }
  text += fmt::format("\nExample:\n  synap call {}", info.path);
  if (has_input) {
    text += " " + shell_quoted(example_input(info, Catalogue::own()).dump());
  }
  print(text + "\n");
}

bool is_group(const Catalogue& catalogue, const std::string& word) {
  for (const auto& info : catalogue.all()) {
    if (info.path.starts_with(word + ".")) return true;
  }
  return false;
}

// True: the word names a group of procedures, which are listed.
bool list_group(const CallOptions& options) {
  if (!is_group(Catalogue::own(), options.procedure)) return false;
  list(Catalogue::own(), options.procedure, options.client.is_json);
  return true;
}

std::optional<int> help(const CallOptions& options) {
  if (options.procedure.empty()) return std::nullopt;
  if (list_group(options)) return kExitOk;
  if (const auto* known = Catalogue::own().find(options.procedure)) {
    explain(*known);
    return kExitOk;
  }
  const auto catalogue = catalogue_of(options.client);
  if (const auto* known = catalogue.find(options.procedure)) {
    explain(*known);
    return kExitOk;
  }
  return report_usage(
      fmt::format("There is no procedure \"{}\"{}`synap call` lists them", options.procedure,
                  did_you_mean(options.procedure, catalogue.paths())),
      options.client.is_json);
}

// What the pod refuses, with what a person would need to do it right.
Error with_advice(Error error, const CallOptions& options) {
  const bool is_known = Catalogue::own().find(options.procedure) != nullptr;
  if (error.code == Code::kNotFound && !is_known) {
    const auto catalogue = catalogue_of(options.client);
    if (catalogue.find(options.procedure) != nullptr) return error;
    error.message =
        fmt::format("There is no procedure \"{}\"{}`synap call` lists them", options.procedure,
                    did_you_mean(options.procedure, catalogue.paths()));
  } else if (error.code == Code::kBadRequest && is_known) {
    error.message += fmt::format("; `synap call {} --help` says what it takes", options.procedure);
  } else if (is_unreachable(error) && !is_known) {
    const auto near = suggestions(options.procedure, Catalogue::own().paths());
    error.message += fmt::format("; and this synap knows no procedure \"{}\"{}", options.procedure,
                                 near.empty() ? "" : fmt::format(", but \"{}\"", near.front()));
  }
  return error;
}

// Before the pod is asked, which would say that undefined is no object.
Result<> check_is_given(const CallOptions& options, const std::optional<Json>& input) {
  const auto* known = Catalogue::own().find(options.procedure);
  if (input || known == nullptr) return {};
  const auto fields = fields_of(known->input);
  std::string needed;
  for (const auto& field : fields) {
    if (field.is_required) needed += (needed.empty() ? "" : ", ") + field.name;
  }
  if (needed.empty()) return {};
  return fail(Code::kBadRequest,
              fmt::format("{0} needs an input, a JSON object with {1}, as {2}; `synap call {0} "
                          "--help` says what it takes",
                          options.procedure, needed,
                          shell_quoted(example_input(*known, Catalogue::own()).dump())));
}

int call(const CallOptions& options) {
  const bool is_json = options.client.is_json;
  if (options.procedure.empty()) {
    list(catalogue_of(options.client), "", is_json);
    return kExitOk;
  }
  auto input = input_of(options.input);
  if (!input) return report(input.error(), is_json);
  if (auto given = check_is_given(options, *input); !given) return report(given.error(), is_json);
  const auto time_max = time_to_wait(options.waiting);
  if (!time_max) return report(time_max.error(), is_json);
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  pod->set_cause(options.caused_by);
  pod->set_reason(options.reason);
  auto answer = pod->call(options.procedure, *input, [](const Json& item) {
    // No event: it tells clients that resume where the stream begins.
    if (item.string_or("type", "") == kWatchStarted) return true;
    print_json(item);
    return true;
  });
  if (!answer) return report(with_advice(answer.error(), options), is_json);
  if (options.waiting.waits && *answer) {
    auto done = wait_for(*pod, **answer, *time_max);
    if (!done) return report(done.error(), is_json);
    *answer = std::move(*done);
  }
  if (!*answer) return kExitOk;
  // For people as gh has it; a program gets a line.
  if (is_terminal() && !is_json) {
    page(json_text((*answer)->dump_pretty()) + "\n");
  } else {
    print_json(**answer);
  }
  if (!is_json) tell_if_proposed(**answer);
  return kExitOk;
}

}  // namespace

Command call_command() {
  auto options = std::make_shared<CallOptions>();
  Command command{
      .words = "call",
      .docs =
          "Call a procedure of the pod and print its answer as JSON; the items of a "
          "subscription as JSON lines, until it ends. Without a procedure: list them; with one "
          "and --help: what it takes and answers.",
      .example = "synap call notes.create '{\"content\":\"# Hello\",\"tags\":[\"first\"]}'",
      .options = {{"PROCEDURE", "As notes.list. Default: list all of them", &options->procedure},
                  {"JSON", "The input; - reads it from stdin.", &options->input}},
      .run = [options] { return call(*options); },
      .help_about = [options] { return help(*options); }};
  command.options.push_back(cause_option(options->caused_by));
  command.options.push_back(reason_option(options->reason));
  for (auto& option : wait_options(options->waiting)) command.options.push_back(option);
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
