# Front door to the Meson build: `make` leaves the command at build/lapwing.
# Everything else is one `meson` or `./check` call away.
BUILD ?= build

.PHONY: all test asan tsan fuzz lint format install clean
all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@meson setup $(BUILD)

test: all
	@meson test -C $(BUILD) --suite unit

asan:
	@meson setup --reconfigure build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
	@meson test -C build-asan --suite unit

fuzz:
	@tools/fuzz

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf build build-*
