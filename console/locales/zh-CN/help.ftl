### 帮助：help-<程序>-<命令>，参数是 help-<程序>-<命令>--<参数> 或 help-arg-<参数>。

## 帮助的框架

help-usage = 用法：
help-commands = 命令
help-arguments = 参数
help-options = 选项
help-options-mark = [选项]
help-command-mark = 命令
help-other-language = English: add --lang en
help-arg-help = 显示帮助
help-arg-version = 显示版本

## 到处都一样的参数

help-arg-json = 为程序输出：每行一个 JSON 事件，见 events.md
help-arg-quiet = 只显示结果、提醒和错误
help-arg-yes = 对“是否继续”的问题一律回答“是”
help-arg-no-input = 什么都不问；需要回答时报错
help-arg-no-color = 不用颜色
help-arg-lang = 语言：zh-CN 或 en
help-arg-home = 保存密钥、回执和未完成发送的文件夹（也可用 COUNTERFOIL_HOME）
help-arg-practice = 哪一家事务所：名称或编号
help-arg-book = 账套的名称或编号
help-arg-period = 所属期：一个月（2026-11）或一整年（2026）
help-arg-kind = 类别：invoice 发票、voucher 其他原始凭证、bank-statement 银行对账单、contract 合同、payroll 工资表、tax-return 纳税申报表、ledger 账簿、interim-report 月季报、annual-report 年报、other 其他
help-arg-class = 密级：public 公开、internal 内部（默认）、confidential 机密
help-arg-dir = 事务所文件夹
help-arg-key-file = 用来解锁的密钥文件；不能放在事务所文件夹里
help-arg-passphrase-file = 写有解锁口令的文件
help-arg-recovery = 用恢复词解锁（会询问）
help-arg-config = 配置文件；默认是事务所文件夹里的 counterfoil.toml
help-arg-verbose = 日志写得更详细；可以重复
help-arg-code-file = 存有动态口令的文件（- 表示标准输入）；不给就会询问

## 客户和会计用的程序

help-counterfoil = 把资料安全地交给事务所，并拿到签名的回执；也用来取回资料。
help-counterfoil-after =
    例子：
    { "    " }counterfoil enrol CF1…              用收到的邀请登记这台设备
    { "    " }counterfoil send ./6月 --period 2026-06    发送一个文件夹
    { "    " }counterfoil status                  看看到了哪一步
    { "    " }counterfoil receipt list            查看回执
    断网、关机、按 Ctrl-C 都没关系：再运行同一行，会从断处继续。
help-counterfoil-enrol = 用一份邀请登记这台设备
help-counterfoil-enrol--invitation = 邀请：以 CF1 开头的一个词，或 25 位的邀请码
help-counterfoil-enrol--at = 网关的地址；只有用 25 位邀请码时才需要
help-counterfoil-enrol--label = 这台设备叫什么，如“财务电脑”
help-counterfoil-enrol--passphrase = 用口令保护这台设备的密钥，每次使用都要输入
help-counterfoil-enrol--plain-keys = 密钥不放进系统钥匙串，直接存在文件里
help-counterfoil-status = 我是谁、未完成的发送、发出的资料到了哪一步
help-counterfoil-send = 发送文件和文件夹，拿到一张签名的回执
help-counterfoil-send-after = 再运行同一行就会从断处继续。已发送过的文件会认出来，不重发。
help-counterfoil-send--paths = 文件或文件夹
help-counterfoil-list = 列出可以取回的资料
help-counterfoil-list--new = 只列出还没有取过的
help-counterfoil-fetch = 签收并取回资料，逐段核对后保存
help-counterfoil-fetch--new = 只取还没有取过的
help-counterfoil-fetch--to = 保存到哪个文件夹；从不覆盖已有的文件
help-counterfoil-drop = 放弃一次未完成的发送
help-counterfoil-drop--submission = 提交的编号
help-counterfoil-cert = 查看、续期或检查这台设备的证书
help-counterfoil-cert-show = 查看证书、有效期和自动续期的时间
help-counterfoil-cert-renew = 现在就续期
help-counterfoil-cert-check = 没有证书即将到期则以 0 结束，有则以 1 结束
help-counterfoil-cert-check--within = 多久算即将，按天：30d
help-counterfoil-agent = 常驻运行，到期时自动给这台设备的证书续期
help-counterfoil-agent--once = 只查一遍就结束
help-counterfoil-receipt = 查看、取回和验证回执
help-counterfoil-receipt-list = 列出这台设备上的回执
help-counterfoil-receipt-show = 显示一张回执的内容
help-counterfoil-receipt-show--receipt = 回执编号（可只写开头几位）或文件
help-counterfoil-receipt-show--certificates = 把其中的证书以 PEM 写到这个文件：发送方、网关、签发证书
help-counterfoil-receipt-get = 从网关再取一次回执；每次都一字不差
help-counterfoil-receipt-get--receipt = 提交的编号
help-counterfoil-receipt-get--to = 保存到哪个文件
help-counterfoil-receipt-verify = 离线验证一张回执：不需要网络，也不需要相信谁
help-counterfoil-receipt-verify--file = 回执文件
help-counterfoil-receipt-verify--document = 当时发送的文件，逐字节比对；可以写几次
help-counterfoil-receipt-verify--crl = 事务所的吊销列表文件：据此说明发送方后来是否被吊销、自何时起
help-counterfoil-receipt-verify--practice = 事务所识别码（26 个字符）；省略时用登记时记下的
help-counterfoil-factor = 您的动态口令：手机上的口令
help-counterfoil-factor-enrol = 绑定手机上的动态口令；恢复码只显示一次
help-counterfoil-factor-show = 查看是否绑定了动态口令，还剩几个恢复码
help-counterfoil-factor-codes = 重新生成十个恢复码；旧的全部作废
help-counterfoil-factor-remove = 解除动态口令
help-counterfoil-admin = 管理员在自己的设备上管理事务所

## 事务所用的程序

help-counterfoil-gateway = 事务所的网关：接收客户的资料，加密保存，签发回执。
help-counterfoil-gateway-after =
    第一次使用：
    { "    " }counterfoil-gateway init --dir DIR --name 名称 --host 主机名 --key-file FILE
    { "    " }counterfoil-gateway run --dir DIR --key-file FILE
    { "    " }counterfoil-gateway book add 账套 --dir DIR
    { "    " }counterfoil-gateway invite --role client --name 客户 --book 账套 --dir DIR
help-counterfoil-gateway-init = 建立一个事务所：证书、保险库、日记账和配置文件
help-counterfoil-gateway-init--dir = 事务所文件夹；必须是新的或空的
help-counterfoil-gateway-init--name = 事务所的名称，客户会看到
help-counterfoil-gateway-init--host = 客户用来连接的主机名或 IP
help-counterfoil-gateway-init--port = UDP 端口，默认 4433
help-counterfoil-gateway-init--key-file = 解锁用的密钥文件；没有就新建
help-counterfoil-gateway-init--root-out = 把根证书密钥放在哪里；之后请带离这台机器
help-counterfoil-gateway-init--trial = 仅供试用：恢复词和根密钥文件用很弱的强度加密；不要用于真实的事务所
help-counterfoil-gateway-init--pkcs11-module = 在令牌里生成签发密钥：令牌的 PKCS#11 模块，如 /usr/lib/softhsm/libsofthsm2.so
help-counterfoil-gateway-init--pkcs11-token = 令牌的标签
help-counterfoil-gateway-init--pkcs11-serial = 令牌的序列号
help-counterfoil-gateway-init--pkcs11-pin-file = 存放令牌 PIN 的文件
help-counterfoil-gateway-run = 运行网关
help-counterfoil-gateway-run--listen = 在哪里监听，如 0.0.0.0:4433；端口 0 由系统选
help-counterfoil-gateway-repost = 从日记账重新过账，重建分类账
help-counterfoil-gateway-config = 查看设置
help-counterfoil-gateway-config-show = 显示每个设置的值和来源
help-counterfoil-gateway-check-config = 检查配置，不启动
help-counterfoil-gateway-root = 不在网关上的根密钥
help-counterfoil-gateway-root-sign = 签署网关对根密钥的请求；离线运行，用文字说明签署的内容
help-counterfoil-gateway-root-sign--request = 网关的请求文件
help-counterfoil-gateway-root-sign--root = 根密钥文件
help-counterfoil-gateway-root-sign--spare = 备用密钥文件（需要时）
help-counterfoil-gateway-root-sign--answer = 答复写到这个文件
help-counterfoil-gateway-root-sign--out = 存放新的根密钥和备用密钥的文件夹；里面不能已有它们
help-counterfoil-gateway-root-sign--words-file = 写有恢复卡上的词的文件；没有就询问
help-counterfoil-gateway-root-sign--trial = 试用：以较低的计算量封存新文件；正式使用时不要加
help-counterfoil-gateway-root-export = 把根密钥或备用密钥文件复制到另一介质，并打开读回核对
help-counterfoil-gateway-root-export--from = 根密钥或备用密钥文件
help-counterfoil-gateway-root-export--to = 复制到这个文件
help-counterfoil-gateway-root-export--words-file = 写有恢复卡上的词的文件；没有就询问
help-counterfoil-gateway-root-forget = 确认副本能打开后，从本机删除根密钥或备用密钥文件
help-counterfoil-gateway-root-forget--file = 要删除的文件
help-counterfoil-gateway-root-forget--copy = 保留的副本
help-counterfoil-gateway-root-forget--words-file = 写有恢复卡上的词的文件；没有就询问

## 事务所的管理：两个程序都有的命令

help-office-book = 账套
help-office-book-add = 新增一个账套
help-office-book-add--name = 账套的名称
help-office-book-list = 列出账套
help-office-invite = 邀请一个人登记一台设备
help-office-invite--role = 角色：client、bookkeeper、supervisor、admin、auditor、partner
help-office-invite--name = 这个人或公司的名称
help-office-invite--book = 可以使用的账套；可以写几次
help-office-confirm = 核对数字一致后，给一台员工设备开通权限
help-office-confirm--id = 邀请的编号
help-office-confirm--digits = 对方屏幕上的 8 位核对数字
help-office-people = 列出人员、设备和等待确认的邀请
help-office-status = 显示事务所的状态
help-office-clock = 时钟
help-office-clock-confirm = 时钟跳变后，确认时钟正确，恢复签名
help-office-rotate = 在运行中更换密钥或证书
help-office-rotate-status = 显示每种密钥更换到哪一步、谁还没有取得新的信任，以及下一条命令
help-office-rotate-next = 执行应做的下一步
help-office-rotate-next--kind = 哪种密钥：gateway、issuing、root、checkpoint、statements、receipts
help-office-rotate-next--force = 即使有这么多台在用设备将无法连接也继续；须写准确的数目
help-office-rotate-prepare = 生成新密钥；issuing 和 root 由离线的根密钥签署
help-office-rotate-prepare--kind = 哪种密钥：gateway、issuing、root、checkpoint、statements、receipts
help-office-rotate-prepare--request = 把需要根密钥签署的内容写到这个文件
help-office-rotate-prepare--answer = 根密钥答复的文件
help-office-rotate-prepare--stolen = 旧密钥被盗：立即停用
help-office-rotate-distribute = 让所有人信任新密钥
help-office-rotate-distribute--kind = 哪种密钥
help-office-rotate-distribute--force = 即使有这么多台在用设备将无法连接也继续；须写准确的数目
help-office-rotate-switch = 改用新密钥签名
help-office-rotate-switch--kind = 哪种密钥
help-office-rotate-switch--force = 即使有这么多台在用设备将无法连接也继续；须写准确的数目
help-office-rotate-retire = 停用旧密钥；此后不能退回
help-office-rotate-retire--kind = 哪种密钥
help-office-rotate-retire--force = 即使有这么多台在用设备将无法连接也继续；须写准确的数目
help-office-rotate-back = 退回一步
help-office-rotate-back--kind = 哪种密钥
help-office-rotate-back--force = 即使有这么多台在用设备将无法连接也继续；须写准确的数目

help-office-book-suspend = 对所有人暂停一个账套
help-office-book-resume = 恢复暂停的账套
help-office-book-close = 对所有人永久关闭一个账套
help-office-device = 设备
help-office-device-suspend = 暂停一台设备，直到恢复
help-office-device-resume = 恢复暂停的设备
help-office-device-revoke = 永久吊销一台设备
help-office-person = 人员
help-office-person-suspend = 暂停一个人的所有设备
help-office-person-resume = 恢复暂停的人
help-office-person-revoke = 永久吊销一个人的所有设备
help-office-person-until = 设定一个人的工作到哪天为止
help-office-person-until--person = 人员的姓名或编号
help-office-person-until--date = 最后一天，例如 2026-12-31
help-office-role = 角色
help-office-role-set = 更改一个人的角色
help-office-role-set--person = 人员的姓名或编号
help-office-role-set--role = 角色：bookkeeper、supervisor、admin、auditor、partner
help-office-grant = 授权使用账套：grant 人员 账套；收回：grant withdraw 人员 账套
help-office-grant--grant = 人员 账套，或 withdraw 人员 账套；用名称或编号
help-office-invite--deed = revoke 或 dispute，收回邀请：invite revoke 编号
help-office-invite--id = 邀请的编号
help-office-invite--person = 已有的人（姓名或编号），邀请其另一台设备
help-office-invite--replaces = 新设备要替换的设备；新设备确认后，旧的即被吊销
help-arg-until = 最后一天，例如 2026-12-31
help-arg-purpose = 合作方来做什么
help-arg-reason = 原因：lost、stolen、left、superseded、disputed、declined、role-ended、practice-decision
help-arg-since = 从哪天起密钥可能落在别人手里，例如 2026-11-27
help-arg-note = 要说明的话
help-arg-lock-out = 即使没有可用的管理员也执行；只能在网关的机器上
help-arg-id = 哪一个：编号，或者人员、账套的名称

help-office-factor = 人员的动态口令
help-office-factor-reset = 解除某人的动态口令，让他重新绑定
help-office-factor-reset--person = 人员：姓名或编号

help-office-invitations = 列出等待使用的邀请，以及未成功的尝试
help-office-invitations--all = 连同早已结束的一起列出
help-office-crl = 吊销列表
help-office-crl-export = 把有效的吊销列表写入文件，供他人核对证书
help-office-crl-export--to = 要写的文件；已有的会被替换
help-office-crl-export--der = 只写一份列表，DER 格式；否则为 PEM：根证书、签发证书和全部列表
help-office-crl-export--authority = 只要这个签发机构的列表，例如 i1

help-office-devices = 列出设备：状态、最近出现的时间、证书有效期
help-office-devices--sort = 排序：name、expiry
help-office-devices--within = 只列出这么多天内到期的：30d；没有时以 0 结束，有时以 1 结束
help-office-certs = 列出证书：设备的和网关自己的，有效期，以及是否自动更新
help-office-certs--sort = 排序：name、expiry
help-office-certs--within = 只列出这么多天内到期的：30d；没有时以 0 结束，有时以 1 结束
help-office-certs--all = 连同已替换或已吊销的
help-office-certs--calendar = 改为把到期日写入日历文件（.ics）
help-office-certs--names = 日历中写出人员和设备的名称

help-counterfoil-device = 自己的设备
help-counterfoil-device-add = 邀请自己的另一台设备：邀请 15 分钟内有效
help-counterfoil-device-add--code-file = 每行一个动态口令的文件；- 表示从输入读取
