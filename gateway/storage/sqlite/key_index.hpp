#pragma once
#include "gateway/storage/sqlite/connection.hpp"
#include "gateway/storage/types.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::storage {

/// Makes the tokenizer of the index known to a connection; without it nothing can be asked of the index.
void register_tokenizer(Connection& connection);

/// The search index behind a few verbs: keys of versions in, vids out. This one is a contentless FTS5 table whose
/// tokens are keys and whose rowids are vids, so a commit group appends one segment instead of dirtying a page per key.
/// It holds nothing that version.keys does not, and can be made anew from it.
///
/// A NUL byte would end a token early, silently: keys are escaped (00 -> 01 01, 01 -> 01 02), which keeps order and
/// prefixes.
class KeyIndex {
public:
    explicit KeyIndex(Connection& connection);
    KeyIndex(const KeyIndex&) = delete;
    KeyIndex& operator=(const KeyIndex&) = delete;
    ~KeyIndex();

    static void create(Connection& writer);

    /// Feeds one version; vids ascend. Call it for a whole group after the last savepoint is released: each SAVEPOINT
    /// would end a segment.
    void add(Vid vid, std::string_view keys);
    /// `keys` must be exactly what was added.
    void remove(Vid vid, std::string_view keys);
    /// Before the rebuild: forgets everything.
    void clear();

    /// Terms for the expression of matches().
    static std::string term(std::string_view key);
    static std::string prefix(std::string_view key);

    struct Span {
        Vid low = 0;                                 ///< inclusive
        Vid high = std::numeric_limits<Vid>::max();  ///< inclusive
        bool descending = true;
    };
    /// vids that meet an expression of terms joined by AND, OR, NOT; `each` returns false to stop.
    void matches(const std::string& expression, const Span& span, const std::function<bool(Vid)>& each);
    /// Every (key, vid) with low <= key < high, by key then vid ascending. The key is borrowed for the call.
    void range(std::string_view low, std::string_view high, const std::function<bool(std::string_view, Vid)>& each);
    /// The keys within [low, high), if they are at most so many. A few look-ups each, however long their lists are.
    std::optional<std::vector<std::string>> keys_within(std::string_view low, std::string_view high, std::size_t most);
    /// Postings of one key, dead ones included.
    std::uint64_t count(std::string_view key);
    /// Structure check of the index alone; throws FailureException (corrupt).
    void check();

private:
    enum class Question : std::uint8_t { add, remove, newest_first, oldest_first, instances, next_key, count };
    static constexpr std::size_t question_count = 7;
    static constexpr std::size_t idle_max = 8;  // of each

    /// A prepared statement for one use. Searches nest (chains), and a statement in use cannot be bound again: so there
    /// are as many as are in use at once, and they are kept, since preparing one costs as much as a short list.
    class Lease {
    public:
        Lease(KeyIndex& index, Question question);
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease();
        operator sqlite3_stmt*() const noexcept { return statement_; }

    private:
        std::vector<sqlite3_stmt*>& home_;
        sqlite3_stmt* statement_ = nullptr;
    };

    void change(Question question, Vid vid, std::string_view keys);

    Connection& connection_;
    std::array<std::vector<sqlite3_stmt*>, question_count> idle_;
};

}  // namespace causeway::storage
