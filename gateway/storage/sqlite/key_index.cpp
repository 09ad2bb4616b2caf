#include "gateway/storage/sqlite/key_index.hpp"

#include "gateway/storage/keys.hpp"

#include <sqlite3.h>

#include <array>

namespace causeway::storage {

namespace {

void escape(std::string_view key, std::string& out) {
    for (const char c : key) {
        if (static_cast<unsigned char>(c) <= 1) {
            out += '\1';
            out += static_cast<char>(c + 1);
        } else {
            out += c;
        }
    }
}

void unescape(std::string_view term, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < term.size(); ++i) {
        if (term[i] == '\1' && i + 1 < term.size())
            out += static_cast<char>(term[++i] - 1);
        else
            out += term[i];
    }
}

// A whole key list is one document; a query is one escaped key.
int tokenize(Fts5Tokenizer*, void* context, int flags, const char* text, int size,
             int (*token)(void*, int, const char*, int, int, int)) {
    const std::string_view bytes(text, static_cast<std::size_t>(size));
    if (flags & FTS5_TOKENIZE_QUERY) return bytes.empty() ? SQLITE_OK : token(context, 0, text, size, 0, size);
    std::array<char, 512> escaped;  // a key has at most 255 bytes
    for (std::size_t at = 0; at < bytes.size();) {
        const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[at]));
        if (at + 1 + length > bytes.size()) return SQLITE_CORRUPT;
        std::size_t used = 0;
        for (const char c : bytes.substr(at + 1, length)) {
            if (static_cast<unsigned char>(c) <= 1) {
                escaped[used++] = '\1';
                escaped[used++] = static_cast<char>(c + 1);
            } else {
                escaped[used++] = c;
            }
        }
        const int begin = static_cast<int>(at);
        at += 1 + length;
        if (const int rc = token(context, 0, escaped.data(), static_cast<int>(used), begin, static_cast<int>(at));
            rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

int create_tokenizer(void*, const char**, int, Fts5Tokenizer** out) {
    static char stateless;
    *out = reinterpret_cast<Fts5Tokenizer*>(&stateless);
    return SQLITE_OK;
}

void delete_tokenizer(Fts5Tokenizer*) {}

std::string quoted(std::string_view key) {
    std::string escaped;
    escape(key, escaped);
    std::string out = "\"";
    for (const char c : escaped) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
    return out;
}

int bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
    return sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

}  // namespace

void register_tokenizer(Connection& connection) {
    if (!sqlite3_compileoption_used("ENABLE_FTS5"))
        throw FailureException({FailureCode::not_supported, "sqlite: this library was built without FTS5"});
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(connection.handle(), "SELECT fts5(?1)", -1, &statement, nullptr) != SQLITE_OK)
        connection.fail("fts5");
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
    sqlite3_finalize(statement);
    if (!api) throw FailureException({FailureCode::not_supported, "sqlite: no FTS5 interface"});
    fts5_tokenizer tokenizer{create_tokenizer, delete_tokenizer, tokenize};
    if (api->xCreateTokenizer(api, "causeway_keys", nullptr, &tokenizer, nullptr) != SQLITE_OK)
        connection.fail("fts5 tokenizer");
}

void KeyIndex::create(Connection& writer) {
    writer.execute(
        "CREATE VIRTUAL TABLE idx USING fts5(k, content='', detail=none, columnsize=0, tokenize='causeway_keys')");
    writer.execute("CREATE VIRTUAL TABLE idx_instance USING fts5vocab(idx, 'instance')");
    writer.execute("CREATE VIRTUAL TABLE idx_row USING fts5vocab(idx, 'row')");
    // Small leaves make a look-up in one segment two to five times cheaper and the index 2 % larger.
    writer.execute("INSERT INTO idx(idx, rank) VALUES('pgsz', 1000)");
    writer.execute("INSERT INTO idx(idx, rank) VALUES('automerge', 4)");
}

// By Question.
constexpr std::array questions = {
    "INSERT INTO idx(rowid, k) VALUES(?1, ?2)",
    "INSERT INTO idx(idx, rowid, k) VALUES('delete', ?1, ?2)",
    "SELECT rowid FROM idx WHERE idx MATCH ?1 AND rowid >= ?2 AND rowid <= ?3 ORDER BY rowid DESC",
    "SELECT rowid FROM idx WHERE idx MATCH ?1 AND rowid >= ?2 AND rowid <= ?3 ORDER BY rowid",
    "SELECT term, doc FROM idx_instance WHERE term >= ?1 AND term < ?2",
    "SELECT term FROM idx_instance WHERE term >= ?1 AND term < ?2 LIMIT 1",
    "SELECT doc FROM idx_row WHERE term = ?1",
};

KeyIndex::Lease::Lease(KeyIndex& index, Question question) : home_(index.idle_[static_cast<std::size_t>(question)]) {
    static_assert(questions.size() == question_count);
    if (!home_.empty()) {
        statement_ = home_.back();
        home_.pop_back();
        return;
    }
    const char* const sql = questions[static_cast<std::size_t>(question)];
    if (sqlite3_prepare_v3(index.connection_.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) !=
        SQLITE_OK)
        index.connection_.fail(sql);
}

KeyIndex::Lease::~Lease() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);  // they point to what its user had
    if (home_.size() < idle_max)
        home_.push_back(statement_);
    else
        sqlite3_finalize(statement_);
}

KeyIndex::KeyIndex(Connection& connection) : connection_(connection) {
    for (auto& statements : idle_) statements.reserve(idle_max);
}

KeyIndex::~KeyIndex() {
    for (auto& statements : idle_)
        for (auto* statement : statements) sqlite3_finalize(statement);
}

void KeyIndex::change(Question question, Vid vid, std::string_view keys) {
    const Lease statement(*this, question);
    sqlite3_bind_int64(statement, 1, vid);
    sqlite3_bind_blob64(statement, 2, keys.data(), keys.size(), SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_DONE) connection_.fail("index: change");
}

void KeyIndex::add(Vid vid, std::string_view keys) { change(Question::add, vid, keys); }
void KeyIndex::remove(Vid vid, std::string_view keys) { change(Question::remove, vid, keys); }

void KeyIndex::clear() { connection_.execute("INSERT INTO idx(idx) VALUES('delete-all')"); }

std::string KeyIndex::term(std::string_view key) { return quoted(key); }
std::string KeyIndex::prefix(std::string_view key) { return quoted(key) + " *"; }

void KeyIndex::matches(const std::string& expression, const Span& span, const std::function<bool(Vid)>& each) {
    const Lease statement(*this, span.descending ? Question::newest_first : Question::oldest_first);
    bind_text(statement, 1, expression);
    sqlite3_bind_int64(statement, 2, span.low);
    sqlite3_bind_int64(statement, 3, span.high);
    for (;;) {
        const int rc = sqlite3_step(statement);
        if (rc == SQLITE_DONE) return;
        if (rc != SQLITE_ROW) connection_.fail("index: match");
        if (!each(sqlite3_column_int64(statement, 0))) return;
    }
}

void KeyIndex::range(std::string_view low, std::string_view high,
                     const std::function<bool(std::string_view, Vid)>& each) {
    const Lease statement(*this, Question::instances);
    std::string from;
    std::string to;
    escape(low, from);
    escape(high, to);
    bind_text(statement, 1, from);
    bind_text(statement, 2, to);
    std::string key;
    std::string last;
    for (;;) {
        const int rc = sqlite3_step(statement);
        if (rc == SQLITE_DONE) return;
        if (rc != SQLITE_ROW) connection_.fail("index: range");
        const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
        const std::string_view term(text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
        if (term != last) {
            last = term;
            unescape(term, key);
        }
        if (!each(key, sqlite3_column_int64(statement, 1))) return;
    }
}

std::optional<std::vector<std::string>> KeyIndex::keys_within(std::string_view low, std::string_view high,
                                                              std::size_t most) {
    const Lease statement(*this, Question::next_key);
    std::string from;
    std::string to;
    escape(low, from);
    escape(high, to);
    bind_text(statement, 2, to);
    std::vector<std::string> found;
    for (;;) {
        bind_text(statement, 1, from);
        const int rc = sqlite3_step(statement);
        if (rc == SQLITE_DONE) return found;
        if (rc != SQLITE_ROW) connection_.fail("index: keys");
        if (found.size() == most) return {};
        const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
        const std::string term(text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
        unescape(term, found.emplace_back());
        sqlite3_reset(statement);
        from = term + '\1';  // the least byte of a term: whatever comes after this one
    }
}

std::uint64_t KeyIndex::count(std::string_view key) {
    const Lease statement(*this, Question::count);
    std::string escaped;
    escape(key, escaped);
    bind_text(statement, 1, escaped);
    const int rc = sqlite3_step(statement);
    if (rc == SQLITE_DONE) return 0;
    if (rc != SQLITE_ROW) connection_.fail("index: count");
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
}

void KeyIndex::check() { connection_.execute("INSERT INTO idx(idx) VALUES('integrity-check')"); }

}  // namespace causeway::storage
