#include "embedding/arithmetic.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "vectors/test_vectors.h"

namespace synap::embedding {
namespace {

using vectors::test::floats;

class EachArithmetic : public testing::TestWithParam<Arithmetic> {};

TEST_P(EachArithmetic, ComputesGelu) {
  std::vector<float> values;
  for (float x = -12; x < 12; x += 0.01F) values.push_back(x);
  auto out = values;
  GetParam().gelu(out.data(), out.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    EXPECT_NEAR(out[i], x * 0.5 * (1 + std::erf(x / std::sqrt(2))), 1e-6) << x;
  }
}

TEST_P(EachArithmetic, Normalises) {
  for (const std::size_t count : {1, 5, 8, 16, 387}) {
    auto values = floats(count, 1);
    for (auto& value : values) value = value * 3 + 2;
    const auto weight = floats(count, 2);
    const auto bias = floats(count, 3);
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(count);
    double square = 0;
    for (const float value : values) square += (value - mean) * (value - mean);
    const double spread = std::sqrt(square / static_cast<double>(count) + 1e-5);
    auto out = values;
    GetParam().normalise(out.data(), count, weight.data(), bias.data(), 1e-5F);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_NEAR(out[i], (values[i] - mean) / spread * weight[i] + bias[i], 1e-5);
    }
  }
}

void attend_is_right(const Arithmetic& arithmetic, std::size_t count, std::size_t head) {
  const std::size_t stride = head + 6;
  const auto query = floats(count * stride, 1);
  const auto key = floats(count * stride, 2);
  const auto value = floats(count * stride, 3);
  std::vector<float> scratch((head + 1) * Attention::padded(count), NAN);
  std::vector<float> out(count * stride, 77);
  arithmetic.attend(
      {query.data(), key.data(), value.data(), count, head, stride, scratch.data(), out.data()});
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> shares;
    for (std::size_t j = 0; j < count; ++j) {
      double score = 0;
      for (std::size_t d = 0; d < head; ++d) {
        score += double{query[i * stride + d]} * key[j * stride + d];
      }
      shares.push_back(std::exp(score / std::sqrt(head)));
    }
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (std::size_t d = 0; d < head; ++d) {
      double seen = 0;
      for (std::size_t j = 0; j < count; ++j) seen += shares[j] / sum * value[j * stride + d];
      EXPECT_NEAR(out[i * stride + d], seen, 1e-5);
    }
    EXPECT_EQ(out[i * stride + head], 77);  // of the next head
  }
}

TEST_P(EachArithmetic, Attends) {
  for (const std::size_t count : {1, 7, 32, 45}) {
    for (const std::size_t head : {4, 32, 70}) attend_is_right(GetParam(), count, head);
  }
}

TEST_P(EachArithmetic, QuantisesAndScalesBack) {
  for (const std::size_t count : {1, 7, 40, 384}) {
    auto values = floats(count, 5);
    for (auto& value : values) value = value * value;  // all on one side
    std::vector<std::int8_t> bytes(count);
    const auto row = GetParam().quantise(values.data(), count, bytes.data());
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_NEAR(row.middle + row.scale * bytes[i], values[i], row.scale * 0.501);
    }
    if (count > 1) {
      EXPECT_THAT(bytes, testing::Contains(127));
      EXPECT_THAT(bytes, testing::Contains(-127));
    }
  }
  const std::vector<std::int32_t> products{100, -7};
  const std::vector<float> scales{0.5F, 2};
  const std::vector<float> sums{10, 20};
  const std::vector<float> bias{1, 0.25F};
  std::vector<float> out(2);
  GetParam().scale(products.data(), {.scale = 0.1F, .middle = 3},
                   {scales.data(), sums.data(), bias.data()}, 2, out.data());
  EXPECT_FLOAT_EQ(out[0], 36);
  EXPECT_FLOAT_EQ(out[1], 58.85F);
}

// Otherwise a model that has lost itself would give a vector all the same.
TEST_P(EachArithmetic, HidesNoValueThatIsNoNumber) {
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::size_t at : {3, 17}) {
      auto values = floats(18, 1);
      values[at] = wrong;
      std::vector<std::int8_t> bytes(18);
      EXPECT_TRUE(std::isnan(GetParam().quantise(values.data(), 18, bytes.data()).scale));
      auto gelu = values;
      GetParam().gelu(gelu.data(), gelu.size());
      EXPECT_FALSE(std::isfinite(gelu[at]));
      std::vector<float> scratch(19 * Attention::padded(1));
      std::vector<float> out(18);
      GetParam().attend(
          {values.data(), values.data(), values.data(), 1, 18, 18, scratch.data(), out.data()});
      EXPECT_FALSE(std::isfinite(out[at]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Arithmetic, EachArithmetic,
                         testing::ValuesIn(Arithmetic::all().begin(), Arithmetic::all().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Arithmetic, IsTheSameToTheLastBitInEveryVariant) {
  const auto& plain = Arithmetic::all().front();
  for (const auto& other : Arithmetic::all()) {
    for (const std::size_t count : {3, 32, 387}) {
      const auto values = floats(count * 3, 9);
      const auto both = [&](auto use) {
        auto one = values;
        auto two = values;
        use(plain, one);
        use(other, two);
        EXPECT_EQ(one, two) << other.name;
      };
      both([&](const Arithmetic& a, std::vector<float>& x) { a.gelu(x.data(), x.size()); });
      both([&](const Arithmetic& a, std::vector<float>& x) {
        a.normalise(x.data(), count, values.data(), values.data() + count, 1e-12F);
      });
      both([&](const Arithmetic& a, std::vector<float>& x) {
        std::vector<float> scratch((3 + 1) * Attention::padded(count));
        a.attend(
            {values.data(), values.data(), values.data(), count, 3, 3, scratch.data(), x.data()});
      });
      both([&](const Arithmetic& a, std::vector<float>& x) {
        std::vector<std::int8_t> bytes(x.size());
        x[0] = a.quantise(x.data(), x.size(), bytes.data()).scale;
        for (std::size_t i = 1; i < x.size(); ++i) x[i] = bytes[i];
      });
    }
  }
}

}  // namespace
}  // namespace synap::embedding
