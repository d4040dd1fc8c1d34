-- SPDX-License-Identifier: Apache-2.0
--
-- Drives `pktsh lsp` from neovim's own client, without a configuration. Prints one line for each feature; the words that
-- start the server come as JSON in PKTSH_WORDS, the file as PKTSH_FILE.

local function drive()
  local words = vim.fn.json_decode(vim.env.PKTSH_WORDS)
  local deadline = 60000
  local diagnostics = nil

  vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.PKTSH_FILE))
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.start_client({
    name = 'pktsh',
    cmd = words,
    root_dir = vim.fn.fnamemodify(vim.env.PKTSH_FILE, ':h'),
    handlers = {
      ['textDocument/publishDiagnostics'] = function(_, result) diagnostics = result.diagnostics end,
    },
  })
  vim.lsp.buf_attach_client(buffer, client)

  local function say(name, value) io.stdout:write(name .. ': ' .. tostring(value) .. '\n') end

  local function ask(method, line, character, more)
    local params = vim.tbl_extend('force', {
      textDocument = { uri = vim.uri_from_bufnr(buffer) },
      position = { line = line, character = character },
    }, more or {})
    local answers = vim.lsp.buf_request_sync(buffer, 'textDocument/' .. method, params, deadline)
    return answers and answers[client] and answers[client].result
  end

  vim.wait(deadline, function() return diagnostics ~= nil end, 10)
  say('diagnostics', diagnostics[1].code)
  local labels = {}
  for _, item in ipairs(ask('completion', 4, 0)) do labels[item.label] = item.detail end
  say('completion', labels.rate)
  say('hover', vim.split(ask('hover', 3, 3).contents.value, '\n')[1])
  say('definition', ask('definition', 3, 11).range.start.line)
  local edits = ask('rename', 3, 11, { newName = 'packet' }).changes[vim.uri_from_bufnr(buffer)]
  say('rename', #edits)
  say('symbols', ask('documentSymbol', 0, 0)[2].name)
  local range = diagnostics[1].range
  local actions = ask('codeAction', 0, 0, { range = range, context = { diagnostics = {} } })
  vim.lsp.util.apply_workspace_edit(actions[1].edit, 'utf-16')
  say('code action', vim.api.nvim_buf_get_lines(buffer, 6, 7, false)[1])
  vim.lsp.util.apply_text_edits(ask('formatting', 0, 0, { options = { tabSize = 2, insertSpaces = true } }), buffer, 'utf-16')
  say('formatting', vim.api.nvim_buf_get_lines(buffer, 3, 4, false)[1])
  vim.lsp.stop_client(client)
  vim.wait(deadline, function() return vim.lsp.client_is_stopped(client) end, 10)
end

local sound, reason = pcall(drive)
if not sound then io.stderr:write(reason .. '\n') end
vim.cmd(sound and 'qall!' or 'cquit 1')
