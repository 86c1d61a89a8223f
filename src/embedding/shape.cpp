#include "embedding/shape.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace synap::embedding {
namespace {

std::unexpected<Error> refuse(std::string message) {
  return fail(Code::kBadRequest, std::move(message));
}

}  // namespace

Result<> Shape::check() const {
  struct Bound {
    std::string_view name;
    std::size_t value;
    std::size_t max;
  };
  // Several times those of the largest of the family, and what they come to still fits into memory.
  const std::array<Bound, 6> bounds{{{"vocabulary", vocabulary, 1'000'000},
                                     {"positions", positions, 8192},
                                     {"dimension", dimension, 4096},
                                     {"layers", layers, 48},
                                     {"heads", heads, 64},
                                     {"inner", inner, 16384}}};
  for (const auto& bound : bounds) {
    if (bound.value == 0 || bound.value > bound.max) {
      return refuse(fmt::format("the model's {} is {}, where 1 to {} is taken", bound.name,
                                bound.value, bound.max));
    }
  }
  if (positions < 3) return refuse("the model reads no text: it has less than 3 positions");
  if (dimension % heads != 0) {
    return refuse(
        fmt::format("the model's {} heads do not divide its dimension {}", heads, dimension));
  }
  if (!(epsilon > 0 && epsilon < 1)) return refuse("the model's epsilon is not between 0 and 1");
  return {};
}

Result<Shape> Shape::from_config(const Json& config) {
  if (!config.is_object()) return refuse("config.json is no JSON object");
  struct Word {
    std::string_view name;
    std::string_view wanted;
  };
  for (const auto& [name, wanted] : {Word{"model_type", "bert"}, Word{"hidden_act", "gelu"},
                                     Word{"position_embedding_type", "absolute"}}) {
    if (config.string_or(name, wanted) != wanted) {
      return refuse(fmt::format("the model's {} is \"{}\": only \"{}\" can be computed here", name,
                                config.string_or(name, wanted), wanted));
    }
  }
  Shape shape;
  struct Number {
    std::string_view name;
    std::size_t* to;
  };
  for (const auto& [name, to] :
       {Number{"vocab_size", &shape.vocabulary},
        Number{"max_position_embeddings", &shape.positions},
        Number{"hidden_size", &shape.dimension}, Number{"num_hidden_layers", &shape.layers},
        Number{"num_attention_heads", &shape.heads}, Number{"intermediate_size", &shape.inner}}) {
    const Json* value = config.find(name);
    if (value == nullptr || !value->is_integer() || value->as_integer() < 0) {
      return refuse(fmt::format("config.json has no whole number {}", name));
    }
    *to = static_cast<std::size_t>(value->as_integer());
  }
  if (const Json* value = config.find("layer_norm_eps"); value != nullptr && value->is_number()) {
    shape.epsilon = static_cast<float>(value->as_number());
  }
  if (auto good = shape.check(); !good) return fail(good.error());
  return shape;
}

}  // namespace synap::embedding
