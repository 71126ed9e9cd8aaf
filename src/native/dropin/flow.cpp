#include "dropin/flow.h"

#include "dropin/wire.h"

#include <cstring>

namespace dropin {

namespace {

constexpr char kMagic[4] = {'H', 'M', 'L', '1'};

}  // namespace

FlowFiles::FlowFiles(const char *prefix, bool with_flows) {
    for (const char *name : {"DialogRsp.con", "QueryRsp.con"}) {  // these are there, and stay empty
        if (std::FILE *file = open(prefix, name)) std::fclose(file);
    }
    files_[0] = open(prefix, "TradingDay.con");
    if (with_flows) {
        files_[wire::kPrivate] = open(prefix, "Private.con");
        files_[wire::kPublic] = open(prefix, "Public.con");
    }
    if (usable_) load();
}

FlowFiles::~FlowFiles() { close(); }

void FlowFiles::close() {
    for (std::FILE *&file : files_) {
        if (file != nullptr) std::fclose(file);
        file = nullptr;
    }
}

std::FILE *FlowFiles::open(const char *prefix, const char *name) {
    const std::string path = std::string(prefix) + name;
    std::FILE *file = std::fopen(path.c_str(), "r+b");
    if (file == nullptr) file = std::fopen(path.c_str(), "w+b");
    if (file == nullptr) {
        usable_ = false;
    } else {
        std::setvbuf(file, nullptr, _IONBF, 0);
    }
    return file;
}

// A file of another library, or a torn one, says nothing.
void FlowFiles::load() {
    char magic[sizeof kMagic] = {};
    bool known = std::fread(magic, sizeof magic, 1, files_[0]) == 1 &&
                 std::memcmp(magic, kMagic, sizeof magic) == 0 &&
                 std::fread(day_.data(), day_.size(), 1, files_[0]) == 1;
    if (!known) day_.fill(0);
    day_.back() = 0;
    for (int flow : {int{wire::kPrivate}, int{wire::kPublic}}) {
        std::FILE *file = files_[flow];
        uint32_t number = 0;
        if (known && file != nullptr && std::fread(magic, sizeof magic, 1, file) == 1 &&
            std::memcmp(magic, kMagic, sizeof magic) == 0 &&
            std::fread(&number, sizeof number, 1, file) == 1) {
            last_[flow] = number;
        }
    }
}

void FlowFiles::set_trading_day(const char (&day)[12]) {
    if (std::strncmp(day, day_.data(), day_.size()) != 0) clear(day);
}

void FlowFiles::clear(const char (&day)[12]) {
    std::memcpy(day_.data(), day, day_.size());
    day_.back() = 0;
    for (int flow : {int{wire::kPrivate}, int{wire::kPublic}}) {
        last_[flow] = 0;
        write_number(flow);
    }
    if (files_[0] == nullptr) return;
    std::rewind(files_[0]);
    std::fwrite(kMagic, sizeof kMagic, 1, files_[0]);
    std::fwrite(day_.data(), day_.size(), 1, files_[0]);
}

void FlowFiles::saw(int flow, uint32_t sequence) {
    last_[flow & 3] = sequence;
    write_number(flow & 3);
}

void FlowFiles::write_number(int flow) {
    std::FILE *file = flow < static_cast<int>(files_.size()) ? files_[flow] : nullptr;
    if (file == nullptr) return;
    char raw[sizeof kMagic + sizeof last_[flow]];
    std::memcpy(raw, kMagic, sizeof kMagic);
    std::memcpy(raw + sizeof kMagic, &last_[flow], sizeof last_[flow]);
    std::rewind(file);
    std::fwrite(raw, sizeof raw, 1, file);
}

}  // namespace dropin
