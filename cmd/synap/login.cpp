#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "synap/commands.h"
#include "synap/contexts.h"
#include "synap/file.h"
#include "synap/hidden_typing.h"
#include "synap/http.h"
#include "synap/key_source.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/suggestion.h"
#include "synap/table.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

struct LoginOptions {
  std::string url;
  std::string name;
  std::optional<std::string> key;
  std::string data;
  bool is_json = false;
};

// From stdin, and at a terminal asked for.
Result<std::optional<std::string>> ask_for_key(const std::string& url) {
  if (::isatty(STDIN_FILENO) != 1) return read_line_of_stdin();
  // Before it is asked for: what was typed ahead would be shown, or lost.
  const HiddenTyping hidden;
  print_error_text(fmt::format("API key of {} (it is not shown): ", url));
  auto key = read_line_of_stdin();
  print_error_text("\n");
  return key;
}

// From --key, the owner.key of --data, or stdin: a flag is seen by others on this machine.
Result<std::string> key_of(const LoginOptions& options) {
  if (options.key && *options.key != "-") return given_key(*options.key, "--key");
  if (!options.key && !options.data.empty()) {
    const auto path = options.data + "/owner.key";
    const auto file = read_key_file(path);
    if (!file.key.empty()) return file.key;
    return fail(Code::kBadRequest,
                fmt::format("{}: {}", path, file.is_missing ? "there is none" : file.problem));
  }
  auto key = ask_for_key(options.url);
  if (!key) return fail(key.error());
  if (!*key || (*key)->find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(Code::kBadRequest,
                "No key was given: it is asked for at a terminal, or the first "
                "line of stdin");
  }
  return given_key(**key, "stdin");
}

// "127.0.0.1:4400" of "http://127.0.0.1:4400".
std::string name_of(const std::string& url) {
  const auto scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(scheme + 3);
}

// The key is tried before it is kept: one that is wrong is said now, not at the next command.
int login(LoginOptions options) {
  const bool is_json = options.is_json;
  if (options.url.find("://") == std::string::npos) options.url = "http://" + options.url;
  while (options.url.ends_with('/')) options.url.pop_back();
  auto key = key_of(options);
  if (!key) return report(key.error(), is_json);
  ClientOptions client;
  client.url = options.url;
  client.key = *key;
  if (!options.key || *options.key == "-") {
    client.key_origin =
        !options.key && !options.data.empty() ? options.data + "/owner.key" : "stdin";
  }
  auto pod = PodClient::make(client);
  if (!pod) return report(pod.error(), is_json);
  if (const auto known = pod->try_key(); !known) return report(known.error(), is_json);
  const auto name = options.name.empty() ? name_of(pod->url()) : options.name;
  const auto kept = change_contexts([&](Contexts& contexts) -> Result<> {
    contexts.set({name, pod->url(), *key});
    contexts.current = name;
    return {};
  });
  if (!kept) return report(kept.error(), is_json);
  if (is_json) {
    print_json(Json::object({{"name", name}, {"url", pod->url()}, {"path", contexts_path()}}));
  } else {
    tell(fmt::format("signed in to {} as context {}, which is the current one; the key is in {}",
                     pod->url(), name, contexts_path()));
  }
  return kExitOk;
}

struct ContextOptions {
  std::string name;
  bool is_json = false;
};

std::unexpected<Error> unknown(const Contexts& contexts, const std::string& name) {
  return fail(Code::kNotFound,
              fmt::format("There is no context \"{}\"{}`synap contexts` lists them", name,
                          did_you_mean(name, contexts.names())));
}

std::unexpected<Error> no_current(const Contexts& contexts) {
  return fail(Code::kNotFound,
              contexts.all.empty()
                  ? "You are signed in to no pod: there is no context to forget"
                  : "No context is the current one: say which is meant, as `synap logout NAME`; "
                    "`synap contexts` lists them");
}

void show(const Contexts& contexts, bool is_json) {
  Table table({{.heading = ""}, {.heading = "NAME"}, {.heading = "URL"}});
  for (const auto& context : contexts.all) {
    const bool is_current = context.name == contexts.current;
    if (is_json) {
      print_json(
          Json::object({{"name", context.name}, {"url", context.url}, {"current", is_current}}));
    } else if (is_terminal()) {
      table.add({{is_current ? "*" : " "}, {context.name}, {context.url}});
    } else {
      print_line(fmt::format("{}\t{}\t{}", is_current ? "*" : "", printable(context.name),
                             printable(context.url)));
    }
  }
  if (!table.is_empty()) table.show("contexts");
  if (contexts.all.empty() && !is_json) tell("there are none; `synap login URL` makes one");
}

int list_or_choose(const ContextOptions& options) {
  if (!options.name.empty()) {
    const auto chosen = change_contexts([&](Contexts& contexts) -> Result<> {
      if (contexts.find(options.name) == nullptr) return unknown(contexts, options.name);
      contexts.current = options.name;
      return {};
    });
    if (!chosen) return report(chosen.error(), options.is_json);
  }
  const auto contexts = load_contexts();
  if (!contexts) return report(contexts.error(), options.is_json);
  show(*contexts, options.is_json);
  return kExitOk;
}

int logout(ContextOptions options) {
  const auto forgotten = change_contexts([&](Contexts& contexts) -> Result<> {
    if (options.name.empty()) options.name = contexts.current;
    if (options.name.empty()) return no_current(contexts);
    if (!contexts.remove(options.name)) return unknown(contexts, options.name);
    return {};
  });
  if (!forgotten) return report(forgotten.error(), options.is_json);
  if (options.is_json) {
    print_json(Json::object({{"name", options.name}}));
  } else {
    tell(
        fmt::format("context {} and its key are forgotten here; `synap keys revoke` ends the key "
                    "itself",
                    options.name));
  }
  return kExitOk;
}

Option json_option(bool& is_json) {
  return {"--json", "Print JSON, errors too (on stderr).", &is_json};
}

}  // namespace

Command login_command() {
  auto options = std::make_shared<LoginOptions>();
  return {.words = "login",
          .docs =
              "Sign in to a pod, and talk to it from now on: its address and key are kept as a "
              "context. The key is asked for, or read from stdin.",
          .example = "synap login https://notes.example --name home",
          .options = {{.name = "URL",
                       .docs = "Where the pod is, as http://127.0.0.1:4400.",
                       .target = &options->url,
                       .is_required = true},
                      {.name = "--name",
                       .docs = "To call the context by. Default: the host and port of the URL",
                       .target = &options->name,
                       .value = "NAME"},
                      {.name = "--key",
                       .docs = "The API key, which others on this machine see here; - is stdin.",
                       .target = &options->key,
                       .value = "KEY"},
                      {.name = "--data",
                       .docs = "Take the key from DIR/owner.key.",
                       .target = &options->data,
                       .value = "DIR"},
                      json_option(options->is_json)},
          .run = [options] { return login(*options); }};
}

Command contexts_command() {
  auto options = std::make_shared<ContextOptions>();
  return {.words = "contexts",
          .docs =
              "List the pods that you have signed in to; with a name, make that the current one. "
              "--context NAME is for one command.",
          .example = "synap contexts home",
          .options = {{"NAME", "Of the context that is to be the current one.", &options->name},
                      json_option(options->is_json)},
          .run = [options] { return list_or_choose(*options); }};
}

Command logout_command() {
  auto options = std::make_shared<ContextOptions>();
  return {.words = "logout",
          .docs = "Forget a context and its key, here. The key itself goes on being good.",
          .example = "synap logout home",
          .options = {{"NAME", "Of the context. Default: the current one", &options->name},
                      json_option(options->is_json)},
          .run = [options] { return logout(*options); }};
}

}  // namespace synap::cli
