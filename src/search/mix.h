// Mix: how good a hit is, of what its words and its meaning say. A relevance and a cosine have no
// common measure, and neither has one of its own: what is much depends on the query. So both are
// first compared with what the query could have, and are then 0 to 1.
#pragma once

#include "vectors/block.h"

namespace synap::search {

/// Of a relevance: 2/3 for a text that has each word of the query once, and is as long as others;
/// more where they are in the title or often there, less where some are missing, the rare ones
/// above all: a text that has one word of many has it by chance, and comes to next to nothing.
/// `typical` is the relevance of the former.
double words_score(double relevance, double typical);

/// How near things usually are to a query.
struct Usual {
  double mean = 0;
  double deviation = 0;
};
/// `unrelated` is how near texts are to each other that have nothing to do with each other, by the
/// model: what counts where there are few to compare with, and in any case as much as 50 of them.
Usual usual_of(const vectors::Background& background, const Usual& unrelated);

/// Of a cosine: 1/2 for one that is four deviations above what is usual, which is about where of
/// some thousand unrelated texts the nearest is.
double meaning_score(double cosine, const Usual& usual);

/// Of a thing whose title is what was looked for, as somebody means it by whom it was named so. No
/// meaning of another outweighs it.
inline constexpr double kTitleScore = 0.999;

/// Of both: each is taken for the chance that the hit is what was meant, and these for independent
/// of each other. So what one is sure of comes first, whatever the other says, and of two that one
/// takes for equal the other decides. `title` is kTitleScore or 0.
double mixed_score(double words, double meaning, double title);

}  // namespace synap::search
