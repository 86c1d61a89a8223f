#include "vectors/dots.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "vectors/processor.h"
#include "vectors/test_vectors.h"

namespace synap::vectors {
namespace {

// Every remainder of every tile: a variant may take up to four rows of each side at a time.
void for_each_shape(const std::function<void(std::size_t, std::size_t, std::size_t)>& use) {
  for (const std::size_t left : {1, 2, 3, 4, 5, 9}) {
    for (const std::size_t right : {1, 2, 3, 4, 5, 6, 7, 11}) {
      for (const std::size_t length : {64, 128, 384}) use(left, right, length);
    }
  }
}

std::vector<std::int32_t> slowly(const std::vector<std::int8_t>& left,
                                 const std::vector<std::int8_t>& right, std::size_t length) {
  std::vector<std::int32_t> out;
  for (std::size_t i = 0; i < left.size(); i += length) {
    for (std::size_t j = 0; j < right.size(); j += length) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < length; ++k) sum += std::int64_t{left[i + k]} * right[j + k];
      out.push_back(static_cast<std::int32_t>(sum));
    }
  }
  return out;
}

TEST(Dots, OfInt8AreExactInEveryVariant) {
  for (const auto& dots : Dots::all()) {
    for_each_shape([&](std::size_t left_count, std::size_t right_count, std::size_t length) {
      const auto left = test::bytes(left_count * length, 1);
      const auto right = test::bytes(right_count * length, 2);
      std::vector<std::int32_t> out(left_count * right_count, -1);
      dots.of_int8({left.data(), left_count, right.data(), right_count, length, out.data()});
      EXPECT_EQ(out, slowly(left, right, length))
          << dots.name << " " << left_count << " x " << right_count << " x " << length;
    });
  }
}

// What saturates in an instruction that multiplies bytes into 16 bits.
TEST(Dots, OfInt8DoNotSaturate) {
  for (const auto& dots : Dots::all()) {
    for (const int left_value : {-128, 127}) {
      for (const int right_value : {-128, 127}) {
        const std::vector<std::int8_t> left(5 * 1536, static_cast<std::int8_t>(left_value));
        const std::vector<std::int8_t> right(5 * 1536, static_cast<std::int8_t>(right_value));
        std::vector<std::int32_t> out(25);
        dots.of_int8({left.data(), 5, right.data(), 5, 1536, out.data()});
        EXPECT_THAT(out, testing::Each(left_value * right_value * 1536)) << dots.name;
      }
    }
  }
}

TEST(Dots, OfFloatsAreRightToTheLastBits) {
  for (const auto& dots : Dots::all()) {
    for (const std::size_t length : {1, 7, 8, 63, 384}) {
      for (const std::size_t left_count : {1, 4, 6}) {
        for (const std::size_t right_count : {1, 2, 5}) {
          const auto left = test::floats(left_count * length, 3);
          const auto right = test::floats(right_count * length, 4);
          std::vector<float> out(left_count * right_count);
          dots.of_floats({left.data(), left_count, right.data(), right_count, length, out.data()});
          for (std::size_t i = 0; i < left_count; ++i) {
            for (std::size_t j = 0; j < right_count; ++j) {
              double sum = 0;
              for (std::size_t k = 0; k < length; ++k) {
                sum += double{left[i * length + k]} * right[j * length + k];
              }
              EXPECT_NEAR(out[i * right_count + j], sum, 1e-4) << dots.name << " " << length;
            }
          }
        }
      }
    }
  }
}

TEST(Dots, ThereIsAVariantForWhatTheProcessorHas) {
  EXPECT_EQ(Dots::all().front().name, "plain");
  if (processor().has_avx2) EXPECT_NE(Dots::best().name, "plain");
}

}  // namespace
}  // namespace synap::vectors
