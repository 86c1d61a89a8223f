// The documented model against golden.jsonl: what the reference tokenizer and a plain computation
// in numpy make of the same texts.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.h"
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

}  // namespace
}  // namespace synap::embedding
