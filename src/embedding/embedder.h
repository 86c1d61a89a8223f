// Embedder: what makes vectors of texts, such that texts of like meaning have vectors near each
// other. There is one built in (local_embedder.h), which needs no other machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/task.h"

namespace synap::embedding {

/// Of length 1.
using Vector = std::vector<float>;

/// Whose texts are embedded, in whose account that is, where it is in one.
struct Payer {
  std::string user_id;      // empty: in nobody's
  std::string key_id = {};  // empty: of no key
  /// It is counted, and not refused where the budget is used up.
  bool is_only_counted = false;
};

/// What is to be embedded.
struct Ask {
  std::vector<std::string> texts;
  /// By what name the model has answered before; empty: that does not matter. Behind the name that
  /// a provider knows a model by there may be another one tomorrow.
  std::string answered_by = {};
  Payer payer = {};
};
struct Embedded {
  /// Of each text, in their order.
  std::vector<Vector> vectors;
  /// What the model that has answered calls itself; empty: it does not say, or needs not.
  std::string answered_by = {};
};

class Embedder {
 public:
  /// At most so many texts at a time.
  static constexpr std::size_t kTextsMax = 256;

  virtual ~Embedder() = default;

  /// Which vectors these are. Those of two models have nothing in common, so this is kept with
  /// each; what changes a model changes it.
  virtual const std::string& model() const = 0;
  virtual std::size_t dimension() const = 0;
  /// What is beyond so many tokens of a text is not read.
  virtual std::size_t tokens_max() const = 0;
  /// The tokens of a text, as tokens_max() counts them; at least so many where that is not known.
  virtual std::size_t count_tokens(std::string_view text) const = 0;

  /// The language that it knows, as libstemmer calls it ("english"), where it makes next to nothing
  /// of others; empty: it knows several, or nobody has said.
  virtual std::string_view only_language() const { return ""; }

  /// A vector of dimension() values for each text: all, or an error. kPayloadTooLarge: more than
  /// kTextsMax texts. kServiceUnavailable, kTimeout: not now. kPreconditionFailed: somebody has to
  /// see to it, as where another model answers than before. kPaymentRequired: the payer's budget
  /// does not have it. Another code: the model cannot.
  virtual Task<Result<Embedded>> embed(Ask ask) = 0;
};

}  // namespace synap::embedding
