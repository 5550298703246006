"""The nine units and 68 settlements of the sample, and the names of the people. Nobody here is real.

Streets exist; the settlements on them are invented, but for four which the programme's story names: those carry
only what is told of them, and no trouble is ever planted there.
"""

from __future__ import annotations

from datetime import date

UNITS = (
    # unit code, name, statistical county, share of 338,506, settlements
    ("522301", "兴义市", "522301", 62_000, 12),
    ("522302", "兴仁市", "522302", 33_000, 7),
    ("522323", "普安县", "522323", 27_000, 5),
    ("522324", "晴隆县", "522324", 45_000, 9),
    ("522325", "贞丰县", "522325", 39_000, 8),
    ("522326", "望谟县", "522326", 45_000, 9),
    ("522327", "册亨县", "522327", 50_000, 10),
    ("522328", "安龙县", "522328", 27_506, 6),
    ("YILONG", "义龙新区", "522301", 10_000, 2),
)
TOTAL = 338_506
UNIT_CODES = tuple(unit[0] for unit in UNITS)
COUNTIES = tuple(unit[2] for unit in UNITS)
MOVED_BY = (  # the published day on which the last family of each unit had moved
    date(2019, 3, 23), date(2019, 3, 27), date(2019, 6, 19), date(2019, 6, 15), date(2019, 5, 19), date(2019, 6, 20),
    date(2019, 6, 18), date(2019, 3, 5), date(2019, 2, 28),
)  # fmt: skip
STREETS = {  # by unit: the streets on which settlements lie, the first two settlements on the first street and so on
    "522301": (("522301010", "马岭街道"), ("522301009", "洒金街道"), ("522301012", "木陇街道"), ("522301006", "木贾街道")),
    "522302": (("522302006", "薏品田园街道"), ("522302005", "陆官街道")),
    "522323": (("522323003", "茶源街道"), ("522323004", "九峰街道")),
    "522324": (("522324003", "三宝街道"), ("522324004", "腾龙街道"), ("522324001", "东观街道")),
    "522325": (("522325004", "龙兴街道"), ("522325005", "双峰街道")),
    "522326": (("522326004", "蟠桃街道"), ("522326002", "平洞街道")),
    "522327": (("522327003", "高洛街道"), ("522327002", "纳福街道")),
    "522328": (("522328004", "五福街道"), ("522328005", "春潭街道")),
    "YILONG": (("522301011", "顶效街道"),),
}
TOLD = {("522301", 0): "思源", ("522301", 1): "龙盛", ("522302", 0): "安和", ("522324", 0): "新塘"}
INVENTED = (
    "新禾 望江 晨光 锦绣 映山 春晖 同心 朝阳 云岭 清泉 桂花 金桥 长青 百合 翠屏 永乐 福源 和顺 丰泽 明珠 青松 花溪 "
    "玉带 紫云 迎春 石榴 枫林 秀水 兰馨 碧波 凤栖 龙吟 祥瑞 安澜 松涛 柳岸 竹韵 梅苑 荷塘 杏园 桃源 梨川 橙丰 稻香 "
    "麦田 棉坡 茶山 桑园 榕树 枇杷 香樟 银杏 木棉 山茶 芦花 画眉 喜鹊 白鹭 燕来 鹤鸣 星河 月湖 晴川 云溪"
).split()
SURNAMES = "韦 罗 岑 班 陆 杨 王 黄 李 陈 何 吴 张 覃 蒙 潘 卢 田 龙 莫 贺 查 梁 郭 毛 余 邓 蒋".split()
MALE = (
    "明光 国兴 文强 正华 永福 志明 德才 光荣 世杰 兴贵 朝阳 建国 浩然 宇航 俊杰 天佑 家豪 梓轩 正祥 启明 昌盛 应龙 "
    "泽林 廷贵 文斌 小虎 开荣 仕海 登科 如松 子涵 思远 一鸣 景行"
).split()
FEMALE = (
    "秀英 阿妹 小芳 玉兰 春梅 丽娟 金花 美玲 桂香 晓燕 雪梅 彩云 红霞 佳怡 欣怡 梦瑶 诗琪 雨桐 若溪 可馨 阿秀 青青 "
    "月琴 兰英 小红 世芬 启秀 阿雅 灵芝 冬梅 素芬 艳萍 婷婷 静怡"
).split()


def community_places() -> list[tuple[str, str, int, str]]:
    """Every settlement: code, name, index of its unit, code of its street."""
    found, serial = [], 0
    for index, (unit, *_, settlements) in enumerate(UNITS):
        streets = STREETS[unit]
        of_street: dict[str, int] = {}
        for nth in range(settlements):
            street = streets[0][0] if nth < 2 else streets[nth % len(streets)][0]
            of_street[street] = of_street.get(street, 0) + 1
            name = TOLD.get((unit, nth))
            if name is None:
                name = INVENTED[serial]
                serial += 1
            found.append((f"{street}{900 + of_street[street]}", f"{name}社区", index, street))
    return found
