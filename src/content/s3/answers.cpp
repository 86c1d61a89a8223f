#include "content/s3/answers.h"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace synap::content {
namespace {

// An answer of S3 is four levels deep, and its longest text a key of 1,024 bytes.
constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kTextBytesMax = 8 * 1024;

/// Walks through a document and tells of each element that has no others within: by its path,
/// "ListBucketResult/Contents/Key", and with its text.
class Walk {
 public:
  using Leaf = std::function<void(std::string_view path, const std::string& text)>;
  using End = std::function<void(std::string_view path)>;

  /// `leaf` for elements without others within, `end` for those with.
  Walk(Leaf leaf, End end) : leaf_(std::move(leaf)), end_(std::move(end)) {}

  /// False: the text is no XML, or goes beyond the bounds.
  bool through(std::string_view xml) {
    // Sent to keep a connection open, and no XML before its declaration.
    while (!xml.empty() && std::string_view(" \r\n\t").contains(xml.front())) xml.remove_prefix(1);
    const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate(nullptr),
                                                                         XML_ParserFree);
    if (parser == nullptr) return false;
    parser_ = parser.get();
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, &Walk::on_begin, &Walk::on_end);
    XML_SetCharacterDataHandler(parser_, &Walk::on_text);
    XML_SetStartDoctypeDeclHandler(parser_, &Walk::on_document_type);
    return XML_Parse(parser_, xml.data(), static_cast<int>(xml.size()), XML_TRUE) == XML_STATUS_OK;
  }

 private:
  static void on_begin(void* self, const XML_Char* name, const XML_Char**) {
    static_cast<Walk*>(self)->begin(name);
  }
  static void on_end(void* self, const XML_Char*) { static_cast<Walk*>(self)->finish(); }
  static void on_text(void* self, const XML_Char* text, int size) {
    static_cast<Walk*>(self)->add({text, static_cast<std::size_t>(size)});
  }
  static void on_document_type(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    XML_StopParser(static_cast<Walk*>(self)->parser_, XML_FALSE);
  }

  void begin(std::string_view name) {
    if (begins_.size() == kDepthMax || path_.size() + name.size() > kTextBytesMax) {
      XML_StopParser(parser_, XML_FALSE);
      return;
    }
    begins_.push_back(path_.size());
    path_ += path_.empty() ? "" : "/";
    path_ += name;
    text_.clear();
    is_leaf_ = true;
  }
  void finish() {
    if (is_leaf_) {
      leaf_(path_, text_);
    } else {
      end_(path_);
    }
    path_.resize(begins_.back());
    begins_.pop_back();
    is_leaf_ = false;
  }
  void add(std::string_view text) {
    if (text_.size() + text.size() > kTextBytesMax) {
      XML_StopParser(parser_, XML_FALSE);
      return;
    }
    text_ += text;
  }

  Leaf leaf_;
  End end_;
  XML_Parser parser_ = nullptr;
  std::string path_;
  std::vector<std::size_t> begins_;  // of each element in path_
  std::string text_;
  bool is_leaf_ = false;
};

std::unexpected<Error> no_such_answer() {
  return fail(Code::kBadGateway, "What the S3 server answers is not what S3 answers");
}

// Of another machine, and for logs.
std::string word(std::string_view text, std::size_t most) {
  const bool is_word = text.size() <= most && std::ranges::all_of(text, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                       });
  return is_word ? std::string(text) : std::string();
}

}  // namespace

S3Error parse_s3_error(std::string_view xml) {
  S3Error error;
  Walk walk(
      [&](std::string_view path, const std::string& text) {
        if (path == "Error/Code") error.code = word(text, 64);
        if (path == "Error/Region") error.region = word(text, 64);
      },
      [](std::string_view) {});
  if (!walk.through(xml)) return {};
  return error;
}

Result<S3Listing> parse_s3_listing(std::string_view xml) {
  S3Listing listing;
  S3Object object;
  bool is_listing = false;
  bool is_good = true;
  const auto leaf = [&](std::string_view path, const std::string& text) {
    constexpr std::string_view kRoot = "ListBucketResult";
    if (!path.starts_with(kRoot)) return;
    is_listing = true;
    path.remove_prefix(kRoot.size());
    if (path == "/IsTruncated") listing.is_cut = text == "true";
    if (path == "/Contents/Key") object.name = text;
    if (path == "/Contents/Size") {
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), object.size);
      is_good = is_good && error == std::errc{} && end == text.data() + text.size();
    }
    if (path == "/Contents/LastModified") {
      const auto time = parse_iso8601(text);
      is_good = is_good && time.has_value();
      object.modified_at = time.value_or(0);
    }
  };
  const auto end = [&](std::string_view path) {
    if (path == "ListBucketResult/Contents") {
      listing.objects.push_back(std::exchange(object, {}));
    }
    is_listing = is_listing || path == "ListBucketResult";
  };
  if (!Walk(leaf, end).through(xml) || !is_listing || !is_good) return no_such_answer();
  return listing;
}

Result<std::string> parse_s3_upload(std::string_view xml) {
  std::string id;
  Walk walk(
      [&](std::string_view path, const std::string& text) {
        if (path == "InitiateMultipartUploadResult/UploadId") id = text;
      },
      [](std::string_view) {});
  constexpr std::size_t kIdBytesMax = 2048;
  if (!walk.through(xml) || id.empty() || id.size() > kIdBytesMax) return no_such_answer();
  return id;
}

bool is_s3_completion(std::string_view xml) {
  bool is_completion = false;
  const auto look = [&](std::string_view path) {
    is_completion = is_completion || path.starts_with("CompleteMultipartUploadResult");
  };
  Walk walk([&](std::string_view path, const std::string&) { look(path); }, look);
  return walk.through(xml) && is_completion;
}

std::string s3_completion_text(const std::vector<std::string>& tags) {
  std::string text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < tags.size(); ++i) {
    std::string tag;
    for (const char c : tags[i]) {
      tag += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '"' ? "&quot;" : std::string(1, c);
    }
    text += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, tag);
  }
  return text + "</CompleteMultipartUpload>";
}

}  // namespace synap::content
