// VectorChanges: what is written into an index of meanings of a thing that came, is another now, or
// is gone.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "search/index_file.h"
#include "search/meaning/pieces.h"
#include "search/meaning/user_block.h"

namespace synap::search {

/// The vectors that are there already of pieces of a user, packed; "" for those that are to be
/// made.
std::vector<std::string> known_vectors(db::Tx& tx, const std::string& user_id,
                                       std::span<const Piece> pieces);
/// Of a text that is not complete.
void keep_aside(db::Tx& tx, const PieceHash& hash, const std::string& vector);

/// In one transaction.
class VectorChanges {
 public:
  explicit VectorChanges(db::Tx& tx) : tx_(tx) {}
  VectorChanges(const VectorChanges&) = delete;
  VectorChanges& operator=(const VectorChanges&) = delete;
  virtual ~VectorChanges() = default;

  /// Gives the user, "" where nothing changed; and what it made of his thing, without the vectors.
  std::pair<std::string, Effect> carry_out(const Change& change, const std::vector<Piece>& pieces,
                                           const std::vector<std::string>& vectors);

  /// The thing of this number, if its id is none any more; those who are told know it by `entity`.
  void remove_nameless(std::int64_t number, const Uuid& entity);

 protected:
  /// A thing of a user is another now, by its number; nothing: he has it no more. For those who are
  /// not told of it.
  virtual void note(std::int64_t user, const Uuid& entity, std::optional<std::int64_t> number) {
    std::ignore = std::tie(user, entity, number);
  }
  db::Tx& tx() { return tx_; }

 private:
  struct Stored {
    std::int64_t number = 0;
    std::int64_t user = 0;
    std::int64_t updated_at = 0;
    std::int64_t passages = 0;
  };
  std::optional<Stored> stored(const Uuid& id);
  bool is_same(const Stored& stored, const std::vector<Piece>& pieces,
               const std::vector<std::string>& vectors);
  void remove(const Stored& stored);
  std::int64_t insert(std::int64_t user, const Document& document, const std::vector<Piece>& pieces,
                      const std::vector<std::string>& vectors);
  std::int64_t user_of(const std::string& user_id);
  std::string id_of(std::int64_t user);
  void count(std::int64_t user, std::int64_t documents, std::int64_t passages);

  db::Tx& tx_;
};

}  // namespace synap::search
