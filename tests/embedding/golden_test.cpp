// The documented model against golden.jsonl: what the reference tokenizer and a plain computation
// in numpy make of the same texts.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/crypto.h"
#include "base/json.h"
#include "embedding/encoder.h"
#include "embedding/word_pieces.h"

namespace synap::embedding {
namespace {

constexpr std::size_t kTokensMax = 256;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
std::vector<Json> lines_of(const std::string& name) {
  std::vector<Json> lines;
  std::ifstream file(GOLDEN "/" + name);
  for (std::string line; std::getline(file, line);) lines.push_back(*parse_json(line));
  return lines;
}
std::vector<std::int32_t> ids_of(const Json& golden) {
  std::vector<std::int32_t> ids;
  for (const auto& id : golden.find("ids")->as_array()) {
    ids.push_back(static_cast<std::int32_t>(id.as_integer()));
  }
  return ids;
}

// As make_golden.py writes them: 16 bits a value.
Vector vector_of(const Json& golden) {
  std::string text(golden.string_or("vector", ""));
  std::erase(text, '=');
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  const auto bytes = *from_base64url(text);
  std::vector<std::int16_t> wholes(bytes.size() / 2);
  std::memcpy(wholes.data(), bytes.data(), bytes.size());
  Vector vector;
  for (const auto whole : wholes) vector.push_back(static_cast<float>(whole) / 32767);
  return vector;
}
double cosine(const Vector& one, const Vector& other) {
  double dot = 0;
  double square = 0;
  double other_square = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    dot += double{one[i]} * other[i];
    square += double{one[i]} * one[i];
    other_square += double{other[i]} * other[i];
  }
  return dot / std::sqrt(square * other_square);
}

class Golden : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(MODEL "/unpacked/model.safetensors"))
        << "tools/embedding_model.sh fetches the model";
    texts = lines_of("texts.jsonl");
    golden = lines_of("golden.jsonl");
    ASSERT_EQ(texts.size(), golden.size());
    ASSERT_GE(texts.size(), 180U);
  }
  Weights floats() const {
    const auto bytes = read(MODEL "/unpacked/model.safetensors");
    const auto shape = Shape::from_config(*parse_json(read(MODEL "/unpacked/config.json")));
    return *Weights::from_safetensors(*Safetensors::read(bytes), *shape);
  }
  // The cosines of what `encoder` makes of the texts with the reference's vectors.
  std::vector<double> cosines(const Encoder& encoder) const {
    std::vector<double> all;
    for (const auto& one : golden) {
      const auto vector = encoder.encode(ids_of(one));
      EXPECT_TRUE(vector);
      all.push_back(cosine(*vector, vector_of(one)));
    }
    return all;
  }
  std::vector<Json> texts;
  std::vector<Json> golden;
};

TEST_F(Golden, IdsAreThoseOfTheReferenceTokenizer) {
  auto pieces = WordPieces::make(read(MODEL "/unpacked/vocab.txt"), {});
  ASSERT_TRUE(pieces) << pieces.error().message;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(pieces->encode(texts[i].as_string(), kTokensMax), ids_of(golden[i]))
        << "line " << i + 1 << ": " << texts[i].dump();
  }
}

TEST_F(Golden, VectorsOfFloatsAreThoseOfTheReference) {
  const auto all = cosines(Encoder(floats()));
  EXPECT_THAT(all, testing::Each(testing::Gt(0.99999)));
}

TEST_F(Golden, VectorsOfBytesAreNearThem) {
  const auto from = floats();
  auto memory =
      std::make_shared<std::vector<std::byte>>(Weights::size(from.shape, Precision::kBytes));
  Weights::quantise(from, memory->data());
  const auto bytes = Weights::at(memory->data(), from.shape, Precision::kBytes, memory);
  const auto all = cosines(Encoder(bytes));
  double sum = 0;
  for (const double one : all) sum += one;
  EXPECT_GT(sum / static_cast<double>(all.size()), 0.995);
  EXPECT_THAT(all, testing::Each(testing::Gt(0.985)));
  RecordProperty("mean", fmt::format("{:.5f}", sum / static_cast<double>(all.size())));
  RecordProperty("least", fmt::format("{:.5f}", *std::ranges::min_element(all)));
}

}  // namespace
}  // namespace synap::embedding
