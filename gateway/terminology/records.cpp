#include "gateway/terminology/records.hpp"

#include <algorithm>
#include <stdexcept>

#include "fhir/model/utf8.hpp"

namespace causeway::terminology {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string from_latin1(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0 | (byte >> 6U));
            out += static_cast<char>(0x80 | (byte & 0x3FU));
        }
    }
    return out;
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

RecordReader::RecordReader(std::filesystem::path file, Format format)
    : file_(std::move(file)), in_(file_, std::ios::binary), format_(format) {
    if (!in_ || std::filesystem::is_directory(file_)) throw std::runtime_error(file_.string() + ": cannot be read");
}

std::string RecordReader::place() const { return file_.string() + ':' + std::to_string(first_line_); }

bool RecordReader::read_line(std::string& line) {
    if (!std::getline(in_, line)) return false;
    if (++line_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > record_bytes_max) throw std::runtime_error(place() + ": the line is too long");
    return true;
}

bool RecordReader::next() {
    cells_.clear();
    do {
        first_line_ = line_ + 1;
        if (!read_line(buffer_)) return false;
    } while (buffer_.empty());
    if (format_ == Format::comma)
        split_quoted(buffer_);
    else
        split(buffer_);
    for (std::string& cell : cells_)
        if (fhir::find_bad_utf8(cell) != std::string_view::npos) cell = from_latin1(cell);
    return true;
}

void RecordReader::split(std::string_view line) {
    if (format_ == Format::line) {
        cells_.emplace_back(line);
        return;
    }
    const char separator = format_ == Format::tab ? '\t' : '|';
    for (;;) {
        const auto at = line.find(separator);
        cells_.emplace_back(line.substr(0, at));
        if (at == std::string_view::npos) return;
        line.remove_prefix(at + 1);
    }
}

void RecordReader::split_quoted(std::string& line) {
    std::size_t at = 0;
    for (;;) {
        std::string& cell = cells_.emplace_back();
        if (at < line.size() && line[at] == '"') {
            for (++at;;) {
                const auto quote = line.find('"', at);
                cell.append(line, at, quote == std::string::npos ? quote : quote - at);
                if (quote == std::string::npos) {  // the record goes on in the next line
                    cell += '\n';
                    if (cell.size() > record_bytes_max || !read_line(line))
                        throw std::runtime_error(place() + ": a quote is not closed");
                    at = 0;
                    continue;
                }
                at = quote + 1;
                if (at >= line.size() || line[at] != '"') break;
                cell += '"';
                ++at;
            }
        }
        const auto comma = std::min(line.find(',', at), line.size());
        cell.append(line, at, comma - at);
        if (comma == line.size()) return;
        at = comma + 1;
    }
}

std::optional<std::size_t> RecordReader::column(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        const auto cell = trimmed(cells_[i]);
        if (cell.size() == name.size() &&
            std::equal(cell.begin(), cell.end(), name.begin(), [](char a, char b) { return lower(a) == lower(b); }))
            return i;
    }
    return std::nullopt;
}

}  // namespace causeway::terminology
