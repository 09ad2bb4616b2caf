#pragma once
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::terminology {

enum class Format : unsigned char {
    comma,  ///< RFC 4180: quotes, doubled quotes, line ends inside of quotes
    tab,    ///< no quoting
    pipe,   ///< no quoting; RRF's last column is empty
    line,   ///< one cell: the line, for columns by position
};

/// A file of a publisher, read record by record, one record in memory. Line ends may be CRLF; a byte order mark is
/// passed over; a record that is no UTF-8 is taken as ISO 8859-1, which NDC and CVX files are at times.
class RecordReader {
public:
    /// Throws std::runtime_error if the file cannot be read.
    RecordReader(std::filesystem::path file, Format format);

    /// False at the end. A record of more than `record_bytes_max` throws, with file and line.
    bool next();
    std::size_t size() const noexcept { return cells_.size(); }
    /// Empty beyond the last cell.
    std::string_view operator[](std::size_t column) const noexcept {
        return column < cells_.size() ? std::string_view(cells_[column]) : std::string_view();
    }
    /// The column of that name in the record just read, which is the header: letters' case does not matter.
    std::optional<std::size_t> column(std::string_view name) const noexcept;
    /// `file:line` of the record, for messages.
    std::string place() const;

    static constexpr std::size_t record_bytes_max = std::size_t{4} << 20;

private:
    bool read_line(std::string& line);
    void split(std::string_view line);
    void split_quoted(std::string& line);

    std::filesystem::path file_;
    std::ifstream in_;
    Format format_;
    std::size_t line_ = 0;
    std::size_t first_line_ = 0;
    std::string buffer_;
    std::vector<std::string> cells_;
};

std::string_view trimmed(std::string_view text) noexcept;

}  // namespace causeway::terminology
