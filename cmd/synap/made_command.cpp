#include "synap/made_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <memory>

#include "synap/made_example.h"
#include "synap/made_input.h"
#include "synap/made_output.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/request.h"
#include "synap/short_ids.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

struct Made {
  Made(std::shared_ptr<const Catalogue> from, const ProcedureInfo& info)
      : catalogue(std::move(from)), procedure(info), input(info) {}
  std::shared_ptr<const Catalogue> catalogue;  // that the procedure is of
  const ProcedureInfo& procedure;
  MadeInput input;
  ClientOptions client;
  std::string caused_by = {};
  std::string reason = {};
  Waiting waiting = {};
  bool wants_all = false;
};

std::string group_of(const ProcedureInfo& procedure) {
  return procedure.path.substr(0, procedure.path.find('.'));
}

const ProcedureInfo* sibling(const ProcedureInfo& procedure, std::string_view verb) {
  return Catalogue::own().find(fmt::format("{}.{}", group_of(procedure), verb));
}

// An id that is given by its end is looked up where ends of ids are shown: in the list of its noun,
// or that of events.
Result<> complete_id(Made& made, PodClient& pod) {
  const auto* argument = made.input.argument();
  const auto text = made.input.argument_text();
  if (argument == nullptr || !text) return {};
  // Ids that are names are no random digits, of which the end would do.
  if (argument->schema.string_or("format", "") != "uuid") return {};
  const auto* list = sibling(made.procedure, "list");
  Result<std::string> id = *text;
  if (argument->name == "requestId") {
    id = whole_id_of_events(pod, "requestId", *text);
  } else if (argument->name == "entityId") {
    id = whole_id_of_events(pod, "aggregateId", *text);
  } else if (argument->name == "id" && group_of(made.procedure) == "events") {
    id = whole_id_of_events(pod, "id", *text);
  } else if (argument->name == "id" && list != nullptr) {
    id = whole_id(pod, list->path, *text);
  }
  if (!id) return fail(id.error());
  made.input.set_argument(*id);
  return {};
}

// Where nobody says how many.
constexpr std::int64_t kListed = 100;

// Where the next page begins: nextCursor is for cursor, nextBefore for before. False: nowhere.
bool turn_page(const Json& page, Json& input) {
  for (const auto& [key, value] : page.as_object()) {
    if (!key.starts_with("next") || key.size() < 5 || value.is_null()) continue;
    std::string name = key.substr(4);
    name[0] = static_cast<char>(name[0] - 'A' + 'a');
    input.set(name, value);
    return true;
  }
  return false;
}

std::int64_t largest_page(const ProcedureInfo& procedure, std::int64_t otherwise) {
  for (const auto& field : fields_of(procedure.input)) {
    const Json* most = field.schema.find("maximum");
    if (field.name == "limit" && most != nullptr && most->is_integer()) return most->as_integer();
  }
  return otherwise;
}

void tell_more(const Made& made, std::size_t shown, const Json& page) {
  const Json* total = page.find("total");
  tell(fmt::format("{} are shown{}; --limit {} shows more, --all shows all", shown,
                   total != nullptr && total->is_integer()
                       ? fmt::format(" of {}", total->as_integer())
                       : ", and there are more",
                   shown * 10));
}

// Page after page, until there are as many as were asked for. Each is printed as it comes, however
// many there are; only a table needs all of them for its widths.
int list(Made& made, PodClient& pod, Json input) {
  const bool is_json = made.client.is_json;
  const auto page_max = largest_page(made.procedure, 100);
  const Json* given = input.find("limit");
  auto missing = given != nullptr && given->is_integer() ? given->as_integer() : kListed;
  const bool has_limit = largest_page(made.procedure, 0) > 0;
  const auto* create = sibling(made.procedure, "create");
  const auto made_by = create == nullptr ? Json() : create->input;
  std::vector<Json> items;
  std::size_t shown = 0;
  for (;;) {
    if (has_limit && (made.wants_all || missing > 0)) {
      input.set("limit", made.wants_all ? page_max : std::min(missing, page_max));
    }
    auto page = pod.query(made.procedure.path, input);
    if (!page) return report(page.error(), is_json);
    const Json* found = page->find(items_name(made.procedure));
    if (found == nullptr || !found->is_array()) break;
    for (const auto& item : found->as_array()) {
      if (is_json) {
        print_json(item);
      } else {
        items.push_back(item);
      }
    }
    shown += found->as_array().size();
    if (!is_terminal()) {
      show_items(made.procedure, made_by, items);
      items.clear();
    }
    missing -= static_cast<std::int64_t>(found->as_array().size());
    if (!turn_page(*page, input)) break;
    if (made.wants_all || missing > 0) continue;
    tell_more(made, shown, *page);
    break;
  }
  if (!is_json) show_items(made.procedure, made_by, items);
  return kExitOk;
}

int change(Made& made, PodClient& pod, const Json& input, std::chrono::seconds time_max) {
  const bool is_json = made.client.is_json;
  const bool has_input = !fields_of(made.procedure.input).empty();
  auto answer = pod.call(made.procedure.path, has_input ? std::optional(input) : std::nullopt,
                         [](const Json&) { return true; });
  if (answer && *answer && made.waiting.waits) {
    auto done = wait_for(pod, **answer, time_max);
    if (!done) return report(done.error(), is_json);
    *answer = std::move(*done);
  }
  if (!answer) return report(answer.error(), is_json);
  if (!*answer) return kExitOk;
  if (is_json) {
    print_json(**answer);
  } else {
    show_object(made.procedure, **answer);
    tell_if_proposed(**answer);
    if (made.procedure.path == "tags.rename") tell_if_nothing_changed(**answer);
  }
  // Of what was asked for and did not come about the answer says why (apps.sync).
  return (*answer)->string_or("problem", "").empty() ? kExitOk : kExitFailure;
}

int run(Made& made) {
  const bool is_json = made.client.is_json;
  const auto time_max = time_to_wait(made.waiting);
  if (!time_max) return report(time_max.error(), is_json);
  auto pod = PodClient::make(made.client);
  if (!pod) return report(pod.error(), is_json);
  pod->set_cause(made.caused_by);
  pod->set_reason(made.reason);
  if (auto done = complete_id(made, *pod); !done) return report(done.error(), is_json);
  auto input = made.input.json();
  if (!input) {
    auto error = input.error();
    error.message +=
        fmt::format("; `synap {} {} --help` says what there is", kebab(group_of(made.procedure)),
                    kebab(made.procedure.path.substr(made.procedure.path.find('.') + 1)));
    return report(error, is_json);
  }
  if (!items_name(made.procedure).empty()) return list(made, *pod, std::move(*input));
  return change(made, *pod, *input, *time_max);
}

// The word that kebab() writes so.
std::string camel(std::string_view kebab) {
  std::string out;
  for (std::size_t i = 0; i < kebab.size(); ++i) {
    const bool is_begin = kebab[i] == '-' && i + 1 < kebab.size();
    out += is_begin ? static_cast<char>(std::toupper(static_cast<unsigned char>(kebab[++i])))
                    : kebab[i];
  }
  return out;
}

bool has_requests(const ProcedureInfo& procedure) {
  const auto fields = fields_of(procedure.output);
  return procedure.kind == "mutation" &&
         std::ranges::any_of(fields, [](const auto& field) { return field.name == "requestId"; });
}

Command command_of(const ProcedureInfo& procedure, std::shared_ptr<const Catalogue> catalogue) {
  const auto dot = procedure.path.find('.');
  auto made = std::make_shared<Made>(catalogue, procedure);
  Command command{
      .words = kebab(procedure.path.substr(0, dot)) + " " + kebab(procedure.path.substr(dot + 1)),
      .docs = procedure.summary + (procedure.docs.empty() ? "" : " " + procedure.docs),
      .example = "",
      .options = made->input.options(),
      .run = [made] { return run(*made); }};
  command.example = fmt::format("synap {}{}", command.words,
                                made->input.text_of(example_input(procedure, *catalogue)));
  if (const auto names = item_fields(procedure); !names.empty()) {
    command.docs += fmt::format(" Where stdout is no terminal: a line each, with tabs between {}.",
                                fmt::join(names, ", "));
  }
  if (procedure.kind == "mutation") command.options.push_back(cause_option(made->caused_by));
  if (procedure.may_be_proposed) command.options.push_back(reason_option(made->reason));
  if (has_requests(procedure)) {
    for (auto& option : wait_options(made->waiting)) command.options.push_back(option);
  }
  if (!items_name(procedure).empty()) {
    // A list is asked for page by page: the bounds of a page are none of the command's.
    for (auto& option : command.options) {
      if (option.name != "--limit") continue;
      option.docs = fmt::format("So many at most, page by page. Default: {}", kListed);
    }
    command.options.push_back(
        {"--all", "Page after page, however many there are.", &made->wants_all});
  }
  for (auto& option : client_options(made->client)) command.options.push_back(option);
  return command;
}

}  // namespace

std::vector<Command> made_commands(std::string_view word) {
  const auto catalogue = std::make_shared<const Catalogue>(
      word.empty() ? Catalogue::own() : Catalogue::own_group(camel(word)));
  std::vector<Command> commands;
  for (const auto& procedure : catalogue->all()) {
    const bool is_one = procedure.kind == "query" || procedure.kind == "mutation";
    if (!is_one || procedure.path.find('.') == std::string::npos) continue;
    commands.push_back(command_of(procedure, catalogue));
  }
  return commands;
}

}  // namespace synap::cli
