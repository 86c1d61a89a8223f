// HttpEmbedder: vectors of texts from another machine: POST /embeddings as OpenAI has it, and
// Ollama, llama.cpp, vLLM and LiteLLM too. Of the providers of [[models.embed]] those of one model
// and dimension are asked, in their order, since vectors of two models have nothing in common.
//
// What comes is judged: a vector for each text, in their order, of the dimension that was set,
// finite, not zero; it is then made of length 1. A provider that answers anything else is an error,
// and so is one that has another model answer than before: then the next one is asked.
// Keys that somebody has written into a text are left out of what is sent (secrets.h).
// That a text was embedded before is its caller's to know, who keeps vectors by content.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embedding/embedder.h"
#include "models/models.h"
#include "models/tally.h"

namespace synap::models {

class HttpEmbedder final : public embedding::Embedder {
 public:
  /// Of the model and dimension of `first`, a provider of `models`, which must outlive it. The
  /// calls are in the account of whom Ask::payer names, together (tally.h); nobody: in none, and no
  /// event is appended.
  HttpEmbedder(Models& models, const Provider& first);

  const std::string& model() const override { return id_; }
  std::size_t dimension() const override { return first().dimension; }
  std::size_t tokens_max() const override { return first().input_tokens_max; }
  /// Two bytes a token: more than tokenizers make of running text in any script.
  std::size_t count_tokens(std::string_view text) const override { return (text.size() + 1) / 2; }
  /// kPaymentRequired: the budget does not have it; otherwise as Models' errors.
  Task<Result<embedding::Embedded>> embed(embedding::Ask ask) override;

 private:
  const Provider& first() const { return first_; }
  struct Attempt {
    std::optional<Failure> failure;
    embedding::Embedded embedded;
  };
  Task<Attempt> ask(const Provider& provider, const embedding::Ask& ask,
                    SteadyClock::time_point deadline, ModelCall& told) const;
  Task<Attempt> ask_again(const Provider& provider, const embedding::Ask& ask,
                          ModelCall& told) const;
  Task<Result<Tally::Share>> open(const embedding::Ask& ask, const ModelCall& call);
  Task<Result<embedding::Embedded>> embed_some(embedding::Ask ask);

  Models& models_;
  const Provider& first_;
  const std::string id_;
  Tally tally_;
};

/// The models of the settings (Embedder::model), the first of which is to be used.
std::vector<std::string> embedders_of(const Options& options);
/// An embedder of the settings, of this model or of the first; null: they name none.
std::unique_ptr<embedding::Embedder> make_embedder(Models& models, std::string_view model = "");

}  // namespace synap::models
