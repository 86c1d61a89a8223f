#include "embedding/encoder.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "embedding/test_model.h"

namespace synap::embedding {
namespace {

using testing::HasSubstr;
using Ids = std::vector<std::int32_t>;
using Row = std::vector<double>;

// The same computation in doubles, as slowly and as plainly as it can be said.
class Slowly {
 public:
  explicit Slowly(test::Tensors tensors) : tensors_(std::move(tensors)) {}

  Row encode(const Ids& ids) const {
    const auto shape = test::shape();
    std::vector<Row> x;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      Row row = row_of("embeddings.word_embeddings.weight", static_cast<std::size_t>(ids[i]));
      add(row, row_of("embeddings.position_embeddings.weight", i));
      add(row, row_of("embeddings.token_type_embeddings.weight", 0));
      x.push_back(norm(row, "embeddings.LayerNorm"));
    }
    for (std::size_t layer = 0; layer < shape.layers; ++layer) {
      const auto at = fmt::format("encoder.layer.{}.", layer);
      const auto seen = attend(x, at + "attention.self.");
      for (std::size_t i = 0; i < x.size(); ++i) {
        add(x[i], linear(seen[i], at + "attention.output.dense"));
        x[i] = norm(x[i], at + "attention.output.LayerNorm");
        auto wide = linear(x[i], at + "intermediate.dense");
        for (auto& value : wide) value = value * 0.5 * (1 + std::erf(value / std::sqrt(2)));
        add(x[i], linear(wide, at + "output.dense"));
        x[i] = norm(x[i], at + "output.LayerNorm");
      }
    }
    Row mean(shape.dimension, 0);
    for (const auto& row : x) add(mean, row);
    const double length =
        std::sqrt(std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.0));
    for (auto& value : mean) value /= length;
    return mean;
  }

 private:
  static void add(Row& to, const Row& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  }
  Row row_of(const std::string& name, std::size_t row) const {
    const auto& tensor = tensors_.at(name);
    const auto columns = tensor.shape.back();
    const auto begin = tensor.values.begin() + static_cast<std::ptrdiff_t>(row * columns);
    return {begin, begin + static_cast<std::ptrdiff_t>(columns)};
  }
  Row norm(const Row& row, const std::string& name) const {
    const double mean =
        std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(row.size());
    double square = 0;
    for (const double value : row) square += (value - mean) * (value - mean);
    const double spread = std::sqrt(square / static_cast<double>(row.size()) + 1e-12);
    Row out = row_of(name + ".bias", 0);
    const Row weight = row_of(name + ".weight", 0);
    for (std::size_t i = 0; i < row.size(); ++i) out[i] += (row[i] - mean) / spread * weight[i];
    return out;
  }
  Row linear(const Row& row, const std::string& name) const {
    Row out = row_of(name + ".bias", 0);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Row weight = row_of(name + ".weight", i);
      out[i] += std::inner_product(row.begin(), row.end(), weight.begin(), 0.0);
    }
    return out;
  }
  std::vector<Row> attend(const std::vector<Row>& x, const std::string& at) const {
    const auto shape = test::shape();
    std::vector<Row> seen(x.size(), Row(shape.dimension, 0));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Row query = linear(x[i], at + "query");
      for (std::size_t begin = 0; begin < shape.dimension; begin += shape.head()) {
        double sum = 0;
        for (const auto& other : x) {
          const Row key = linear(other, at + "key");
          const Row value = linear(other, at + "value");
          double score = 0;
          for (std::size_t d = begin; d < begin + shape.head(); ++d) score += query[d] * key[d];
          const double share = std::exp(score / std::sqrt(static_cast<double>(shape.head())));
          sum += share;
          for (std::size_t d = begin; d < begin + shape.head(); ++d) seen[i][d] += share * value[d];
        }
        for (std::size_t d = begin; d < begin + shape.head(); ++d) seen[i][d] /= sum;
      }
    }
    return seen;
  }
  test::Tensors tensors_;
};

Weights floats_of(const test::Tensors& tensors) {
  const auto bytes = test::safetensors(tensors);
  return *Weights::from_safetensors(*Safetensors::read(bytes), test::shape());
}
Weights bytes_of(const test::Tensors& tensors) {
  auto memory =
      std::make_shared<std::vector<std::byte>>(Weights::size(test::shape(), Precision::kBytes));
  Weights::quantise(floats_of(tensors), memory->data());
  return Weights::at(memory->data(), test::shape(), Precision::kBytes, memory);
}
const std::vector<Ids> kTexts{
    {2, 3}, {2, 4, 5, 6, 7, 4, 8, 3}, {2, 4, 10, 11, 3}, {2, 4, 5, 9, 15, 12, 13, 14, 16, 1, 1, 1,
                                                          4, 4, 5, 5, 6,  6,  7,  7,  8,  8, 9, 3}};

double cosine(const Vector& vector, const Row& other) {
  return std::inner_product(vector.begin(), vector.end(), other.begin(), 0.0);
}

TEST(Encoder, ComputesWhatThePaperSays) {
  const Slowly slowly(test::tensors());
  const auto weights = floats_of(test::tensors());
  for (const auto& dots : vectors::Dots::all()) {
    for (const auto& arithmetic : Arithmetic::all()) {
      const Encoder encoder(weights, {&dots, &arithmetic});
      for (const auto& ids : kTexts) {
        const auto vector = encoder.encode(ids);
        ASSERT_TRUE(vector) << vector.error().message;
        EXPECT_GT(cosine(*vector, slowly.encode(ids)), 0.999999) << dots.name << arithmetic.name;
      }
    }
  }
}

TEST(Encoder, IsNearThatWithBytesAndTheSameOnEveryProcessor) {
  const Slowly slowly(test::tensors());
  const auto weights = bytes_of(test::tensors());
  const Encoder plain(weights, {&vectors::Dots::all().front(), &Arithmetic::all().front()});
  for (const auto& ids : kTexts) {
    const auto wanted = *plain.encode(ids);
    EXPECT_GT(cosine(wanted, slowly.encode(ids)), 0.99);
    for (const auto& dots : vectors::Dots::all()) {
      for (const auto& arithmetic : Arithmetic::all()) {
        EXPECT_EQ(*Encoder(weights, {&dots, &arithmetic}).encode(ids), wanted)
            << dots.name << " " << arithmetic.name;
      }
    }
  }
}

TEST(Encoder, RefusesWhatIsNoVector) {
  for (const float wrong : {3e38F, 0.F}) {
    auto tensors = test::tensors();
    auto& last = tensors["encoder.layer.1.output.LayerNorm.weight"].values;
    auto& bias = tensors["encoder.layer.1.output.LayerNorm.bias"].values;
    std::ranges::fill(last, wrong);
    std::ranges::fill(bias, 0.F);
    for (const auto& weights : {floats_of(tensors), bytes_of(tensors)}) {
      const auto vector = Encoder(weights).encode(kTexts[1]);
      ASSERT_FALSE(vector);
      EXPECT_THAT(vector.error().message, HasSubstr("the model makes no vector of a text"));
    }
  }
  // Lost in the middle, where the numbers become bytes.
  auto tensors = test::tensors();
  std::ranges::fill(tensors["encoder.layer.0.intermediate.dense.weight"].values, 3e38F);
  std::ranges::fill(tensors["encoder.layer.0.attention.output.LayerNorm.weight"].values, 1e10F);
  EXPECT_FALSE(Encoder(floats_of(tensors)).encode(kTexts[1]));
  EXPECT_FALSE(Encoder(bytes_of(tensors)).encode(kTexts[1]));
}

}  // namespace
}  // namespace synap::embedding
